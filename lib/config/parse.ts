import { ConfigurationError } from '../../core/config/problem.ts';
import { type ConfigRules, readConfig } from '../../core/config/read-config.ts';
import { advice } from './advice.ts';
import { contradictions } from './contradictions.ts';
import { type Config, configSchema } from './schema.ts';

export { type ConfigProblem, ConfigurationError } from '../../core/config/problem.ts';
export type { Config, ScheduleConfig, SourceConfig } from './schema.ts';

const rules: ConfigRules<Config> = {
  schema: configSchema,
  advice,
  contradictions,
  root: 'pgproof',
  page: 'docs/configuration.md',
};

/**
 * The configuration in `raw`, with every default filled in.
 * @throws ConfigurationError with all problems
 */
export function parseConfig(raw: unknown): Config {
  const { config, problems } = readConfig(raw, rules);
  if (config === undefined) throw new ConfigurationError('cdk.json, context key pgproof', problems);
  return config;
}
