import * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import { checksSchema, type UserCheck } from '../../core/config/checks.ts';
import { defaultLevel, defaultPolicy } from '../../core/config/defaults.ts';
import { levelChoices, notifyPolicies } from '../../core/vocabulary.ts';
import { bucketUrl, parseVariables, requiredText } from '../lambda/settings.ts';
import { verifyEnvironment } from './contract.ts';

const jsonChecks = z.string().transform((text, context): readonly UserCheck[] => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a JSON array of {"name"?, "database"?, "sql"}' });
    return z.NEVER;
  }
  const result = checksSchema.safeParse(json);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    const place = path.length === 0 ? '' : `${toDotPath(path)}: `;
    context.addIssue({ code: 'custom', message: `${place}${message}` });
  }
  return z.NEVER;
});

const settingsSchema = z.strictObject({
  store: bucketUrl,
  level: z.enum(levelChoices).default(defaultLevel.functions),
  checks: jsonChecks.default([]),
  kmsKeyArn: z.string().optional(),
  topicArn: requiredText,
  notify: z.enum(notifyPolicies).default(defaultPolicy),
});

export type VerifySettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readVerifySettings(env: NodeJS.ProcessEnv): VerifySettings {
  return parseVariables(settingsSchema as z.ZodType<VerifySettings>, verifyEnvironment, env);
}
