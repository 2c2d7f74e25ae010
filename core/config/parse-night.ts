import { sharedZone } from './daily.ts';
import { type NightConfig, nightSchema } from './night.ts';
import { nightAdvice } from './night-advice.ts';
import { nightContradictions } from './night-contradictions.ts';
import { type ConfigProblem, ConfigurationError } from './problem.ts';
import { type ConfigRules, readConfig } from './read-config.ts';

const rules: ConfigRules<NightConfig> = {
  schema: nightSchema,
  advice: nightAdvice,
  contradictions: nightContradictions,
  root: 'the whole file',
  page: 'docs/plain-server.md',
};

/**
 * A plain server's configuration, with every default filled in.
 *
 * @param raw what the file says, as values
 * @param where the file, as messages name it
 * @param problems what was wrong with the file itself
 * @throws ConfigurationError with all problems
 */
export function parseNight(
  raw: unknown,
  where: string,
  problems: readonly ConfigProblem[] = [],
): NightConfig {
  // Of a file that cannot be read nothing else is known.
  if (raw === undefined && problems.length > 0) throw new ConfigurationError(where, problems);
  const read = readConfig(raw, rules);
  const all = [...problems, ...read.problems];
  if (read.config === undefined || all.length > 0) throw new ConfigurationError(where, all);
  return read.config;
}

/** The zone of a policy that names none: that of the schedules, UTC where they have several. */
export function zoneOf({ sources }: NightConfig): string {
  return sharedZone(sources.flatMap(({ schedules }) => schedules.map(({ timeZone }) => timeZone))) ?? 'UTC';
}
