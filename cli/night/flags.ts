import type { NightConfig } from '../../core/config/night.ts';
import { UsageError } from '../../core/errors.ts';

export type NightFlags = {
  readonly config?: string;
  readonly schedule?: readonly string[];
  readonly source?: readonly string[];
  readonly dryRun?: true;
  readonly json?: true;
};

/** A name that is mistyped would mean that nothing is done, every night. @throws UsageError */
export function refuseUnknownNames(
  { schedule = [], source = [] }: NightFlags,
  { sources }: NightConfig,
): void {
  const known = sources.map(({ name }) => name);
  refuse('--source', source, known, 'source');
  const asked = source.length === 0 ? sources : sources.filter(({ name }) => source.includes(name));
  refuse(
    '--schedule',
    schedule,
    [...new Set(asked.flatMap((one) => one.schedules.map(({ name }) => name)))],
    'schedule',
  );
}

function refuse(flag: string, asked: readonly string[], known: readonly string[], word: string): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError({
    what: `There is no such ${word} in the configuration`,
    got: `${flag} ${JSON.stringify(unknown)}`,
    expected: known.join(', '),
    fix: 'Correct the name.',
  });
}
