import type * as z from 'zod';
import type { Advice } from './advice/recurring.ts';
import type { Contradiction } from './contradiction.ts';
import { type ConfigProblem, formatPath } from './problem.ts';

/** What a configuration may be, and what is said of one that is not. */
export type ConfigRules<T> = {
  readonly schema: z.ZodType<T>;
  /** One entry for every key there is, by its path; indices of arrays are written `*`. */
  readonly advice: Readonly<Record<string, Advice>>;
  readonly contradictions: (raw: unknown) => readonly Contradiction[];
  /** What the whole of it is called in a path. */
  readonly root: string;
  /** The page that has every key. */
  readonly page: string;
};

/** Keys whose own check says more than what was expected: which field of a cron expression, which part of a URL. */
const saysWhy = /(^|\.)(cron|schedule|url|smtp(\.\w+)?)$/;

/** The configuration in `raw`, with every default filled in, or all that is wrong with it. */
export function readConfig<T>(
  raw: unknown,
  rules: ConfigRules<T>,
):
  | { readonly config: T; readonly problems: readonly [] }
  | { readonly config?: undefined; readonly problems: readonly ConfigProblem[] } {
  const result = rules.schema.safeParse(raw);
  const wrong = result.success
    ? []
    : result.error.issues.flatMap((issue) => describe(raw, issue.path, issue, rules));
  const contradicting = rules
    .contradictions(raw)
    .map(({ path, ...rest }) => ({ path: formatPath(path), got: showAt(path, valueAt(raw, path)), ...rest }))
    // What is not even of the right type is said once.
    .filter(({ path }) => !wrong.some((problem) => problem.path === path));
  const problems = [...wrong, ...contradicting];
  return result.success && problems.length === 0 ? { config: result.data, problems: [] } : { problems };
}

/** The keys that an object at `pattern` may have. */
export function knownKeys(advice: Readonly<Record<string, Advice>>, pattern: string): string[] {
  const prefix = pattern === '' ? '' : `${pattern}.`;
  return Object.keys(advice)
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((rest) => rest !== '' && rest !== '*' && !rest.includes('.'));
}

function describe<T>(
  raw: unknown,
  path: readonly PropertyKey[],
  issue: z.core.$ZodIssue,
  rules: ConfigRules<T>,
): ConfigProblem[] {
  const { advice, root, page } = rules;
  const pattern = patternOf(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: formatPath([...path, key]),
      // Not its value: whoever puts a password there by mistake must not find it in a log.
      got: 'an unknown key',
      expected: `one of the keys ${knownKeys(advice, pattern).join(', ')}`,
      fix: 'Correct the spelling or remove the key.',
    }));
  }
  // Where the advice speaks of what is within, what is wrong is told there.
  const branch =
    issue.code === 'invalid_union' && knownKeys(advice, pattern).length > 0
      ? onlyBranch(issue.errors)
      : undefined;
  if (branch !== undefined)
    return branch.flatMap((inner) => describe(raw, [...path, ...inner.path], inner, rules));
  // Of a key within a value that is of one of several shapes, the whole value is spoken of.
  const parent = pattern.slice(0, Math.max(0, pattern.lastIndexOf('.')));
  const known = advice[pattern] ?? advice[parent] ?? { expected: issue.message, fix: `See ${page}.` };
  const why = issue.code === 'custom' && saysWhy.test(pattern) ? ` (${issue.message})` : '';
  return [{ path: formatPath(path) || root, got: `${showAt(path, valueAt(raw, path))}${why}`, ...known }];
}

/** Where a value may be of several kinds and is of one: what is wrong within it; undefined where nobody can tell. */
function onlyBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const ofThisKind = branches.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  return ofThisKind.length === 1 ? ofThisKind[0] : undefined;
}

const shownCharacters = 80;

function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  const json = JSON.stringify(value) ?? String(value);
  return json.length > shownCharacters ? `${json.slice(0, shownCharacters)}…` : json;
}

/** Keys in whose place, or below which, a secret stands as soon as somebody misunderstands them. */
const secretive = new Set(['password', 'secret', 'session', 'accessKey']);

/**
 * Where people put a password, or a URL with one in it, instead of what belongs there. A log keeps what it was told, so
 * of such a value nothing is repeated.
 */
function showAt(path: readonly PropertyKey[], value: unknown): string {
  if (typeof value === 'object' || value === undefined) return show(value);
  const keys = path.filter((part) => typeof part === 'string');
  const key = keys.at(-1);
  if (keys.some((one) => secretive.has(one))) return 'another value';
  if (typeof value !== 'string') return show(value);
  if (key === 'host') return 'something that is no host name';
  // Of a bucket's URL, where it is nothing more, everything can be shown.
  if (/^s3:\/\/[\w./-]*$/.test(value)) return show(value);
  const isArn = /Arns?$/i.test(String(key));
  if (key === 'url' || (isArn && !value.startsWith('arn:')) || /:\/\/|\bpassword\s*=/i.test(value))
    return 'another text';
  return show(value);
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
}

function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.');
}
