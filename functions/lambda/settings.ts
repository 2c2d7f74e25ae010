import * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import { checkedBy } from '../../core/config/checked-by.ts';
import { UsageError } from '../../core/errors.ts';
import { parseStoreUrl } from '../../core/store/store-url.ts';
import { variables } from '../../core/vocabulary.ts';

/** The environment variables, or the event, do not say what the function needs to know. */
export class BadSettings extends UsageError {
  override readonly name = 'BadSettings';
}

/** `{ key: VARIABLE }` and an environment to `{ key: value }`, leaving out what is unset or empty. */
export function pickVariables(
  names: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Record<string, string> {
  const entries = Object.entries(names).map(([key, variable]) => [key, env[variable]] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

/** Reads the environment variables that `names` declares, and reports every problem at once under their own names. */
export function parseVariables<T>(
  schema: z.ZodType<T>,
  names: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): T {
  const known = new Set(Object.values(names));
  const unknown = Object.keys(env).filter(
    (variable) => variable.startsWith('PGPROOF_') && !known.has(variable) && variable !== variables.programs,
  );
  const result = schema.safeParse(pickVariables(names, env));
  const problems = result.success
    ? []
    : result.error.issues.map(
        (issue) => `${names[String(issue.path[0])] ?? 'environment'}: ${issue.message}`,
      );
  problems.push(...unknown.map((variable) => `${variable}: unknown`));
  if (!result.success || problems.length > 0) {
    throw new BadSettings({
      what: "The function's environment variables are wrong",
      got: problems.join('; '),
      fix: 'Deploy again with pgproof deploying it: the construct sets them.',
    });
  }
  return result.data;
}

/** @throws BadSettings with every problem of the event */
export function parseEvent<T>(schema: z.ZodType<T>, event: unknown, example: string): T {
  const result = schema.safeParse(event ?? {});
  if (result.success) return result.data;
  throw new BadSettings({
    what: 'The event is not one that this function knows',
    got: problemsOf(result.error.issues).join('; '),
    fix: `Send something like ${example}.`,
  });
}

/** Of several shapes, the problems of the one that comes nearest: the others are not what was meant. */
function problemsOf(issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'invalid_union') {
      const [nearest] = [...issue.errors].sort((one, other) => one.length - other.length);
      if (nearest !== undefined) return problemsOf(nearest);
    }
    return [issue.path.length === 0 ? issue.message : `${toDotPath(issue.path)}: ${issue.message}`];
  });
}

/** A variable that must be there. */
export const requiredText = z.string({ error: 'required' });

/** A variable that holds a JSON array of names. */
export const jsonNames = z.string().transform((text, context): string[] => {
  try {
    return z.array(z.string().min(1)).parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a JSON array of names' });
    return z.NEVER;
  }
});

/** A variable that holds a whole number. */
export function numberVariable(least: number, most: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d+$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most)) as unknown as z.ZodType<number>;
}

/** The store's URL. Only a bucket will do: whatever disk a function has is gone with it. */
export const bucketUrl = checkedBy((url) => {
  const { kind } = parseStoreUrl(url);
  if (kind !== 's3') throw new Error(`expected s3://bucket/prefix, not a ${kind} store`);
}, requiredText);
