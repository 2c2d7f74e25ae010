import * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import { checksSchema, type UserCheck } from '../../core/config/checks.ts';
import { defaultLevel, defaultPolicy } from '../../core/config/defaults.ts';
import { withoutSchema } from '../../core/config/without.ts';
import { levelChoices, notifyPolicies } from '../../core/vocabulary.ts';
import { bucketUrl, parseVariables, requiredText } from '../lambda/settings.ts';
import { verifyEnvironment } from './contract.ts';

/** A variable that holds JSON, of which each problem is told with its place. */
function jsonOf<T>(schema: z.ZodType<T>, expected: string): z.ZodType<T, string> {
  return z.string().transform((text, context): T => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    }
    const result = schema.safeParse(json);
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues) {
      const place = path.length === 0 ? '' : `${toDotPath(path)}: `;
      context.addIssue({ code: 'custom', message: `${place}${message}` });
    }
    return z.NEVER;
  });
}

const jsonChecks = jsonOf<readonly UserCheck[]>(
  checksSchema,
  'a JSON array of {"name"?, "database"?, "sql"}',
);
const jsonWithout = jsonOf<readonly string[]>(
  withoutSchema,
  'a JSON array of texts such as "extension aws_commons"',
);

const settingsSchema = z.strictObject({
  store: bucketUrl,
  level: z.enum(levelChoices).default(defaultLevel.functions),
  checks: jsonChecks.default([]),
  without: jsonWithout.default([]),
  allowUncontained: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  kmsKeyArn: z.string().optional(),
  logTopicArn: z.string().optional(),
  topicArn: requiredText,
  notify: z.enum(notifyPolicies).default(defaultPolicy),
});

export type VerifySettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readVerifySettings(env: NodeJS.ProcessEnv): VerifySettings {
  return parseVariables(settingsSchema as z.ZodType<VerifySettings>, verifyEnvironment, env);
}
