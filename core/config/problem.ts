import { UsageError } from '../errors.ts';
import { visibleLines } from '../text/visible.ts';

/** One thing that is wrong: where, what stands there, what would be right, what to do. */
export type ConfigProblem = {
  readonly path: string;
  readonly got: string;
  readonly expected: string;
  readonly fix: string;
};

/** Everything that is wrong with a configuration, at once: nobody wants to find out one night at a time. */
export class ConfigurationError extends UsageError {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigProblem[];

  /** @param where the configuration lies: `cdk.json, context key pgproof`, or the name of a file */
  constructor(where: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const what = `The configuration (${where}) has ${count}`;
    const lines = problems.map(
      ({ path, got, expected, fix }) => `  ${path}: got ${got}, expected ${expected}. ${fix}`,
    );
    super({ what, got: lines.join('\n'), fix: 'Correct them; nothing was done.' }, options);
    // A line each, with its own fix.
    this.message = visibleLines(`${what}:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** `sources[0].schedules[1].cron` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
