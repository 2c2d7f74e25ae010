import type * as z from 'zod';
import { advice, knownKeys } from './advice.ts';
import { contradictions } from './contradictions.ts';
import { type Config, configSchema } from './schema.ts';

export type { Config, ScheduleConfig, SourceConfig } from './schema.ts';

/** One thing that is wrong: where, what stands there, what would be right, what to do. */
export type ConfigProblem = {
  readonly path: string;
  readonly got: string;
  readonly expected: string;
  readonly fix: string;
};

/** Everything that is wrong with the configuration, at once: nobody wants to find out one deployment at a time. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const lines = problems.map(
      ({ path, got, expected, fix }) => `  ${path}: got ${got}, expected ${expected}. ${fix}`,
    );
    super(`The configuration (cdk.json, context key pgproof) has ${count}:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

const shownCharacters = 80;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const json = JSON.stringify(value) ?? String(value);
  return json.length > shownCharacters ? `${json.slice(0, shownCharacters)}…` : json;
}

/**
 * Where people put a password, or a URL with one in it, instead of what belongs there. A build log keeps what it was
 * told, so of such a value nothing is repeated.
 */
function showAt(path: readonly PropertyKey[], value: unknown): string {
  if (typeof value !== 'string') return show(value);
  const key = path.findLast((part) => typeof part === 'string');
  if (key === 'host') return 'something that is no host name';
  const isArn = /Arns?$/i.test(String(key));
  if ((isArn && !value.startsWith('arn:')) || /:\/\/|\bpassword\s*=/i.test(value)) return 'another text';
  return show(value);
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
}

/** `sources[0].schedules[1].cron` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.');
}

function describe(raw: unknown, path: readonly PropertyKey[], issue: z.core.$ZodIssue): ConfigProblem[] {
  const pattern = patternOf(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: formatPath([...path, key]),
      // Not its value: whoever puts a password there by mistake must not find it in a build log.
      got: 'an unknown key',
      expected: `one of the keys ${knownKeys(pattern).join(', ')}`,
      fix: 'Correct the spelling or remove the key.',
    }));
  }
  const known = advice[pattern] ?? { expected: issue.message, fix: 'See docs/configuration.md.' };
  const why = issue.code === 'custom' && /\.(cron|schedule)$/.test(pattern) ? ` (${issue.message})` : '';
  return [
    { path: formatPath(path) || 'pgproof', got: `${showAt(path, valueAt(raw, path))}${why}`, ...known },
  ];
}

/**
 * The configuration in `raw`, with every default filled in.
 * @throws ConfigurationError with all problems
 */
export function parseConfig(raw: unknown): Config {
  const result = configSchema.safeParse(raw);
  const wrong = result.success
    ? []
    : result.error.issues.flatMap((issue) => describe(raw, issue.path, issue));
  const contradicting = contradictions(raw)
    .map(({ path, ...rest }) => ({ path: formatPath(path), got: showAt(path, valueAt(raw, path)), ...rest }))
    // What is not even of the right type is said once.
    .filter(({ path }) => !wrong.some((problem) => problem.path === path));
  const problems = [...wrong, ...contradicting];
  if (!result.success || problems.length > 0) throw new ConfigurationError(problems);
  return result.data;
}
