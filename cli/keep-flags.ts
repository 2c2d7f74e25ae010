import { type Command, Option } from 'commander';
import { mostKept } from '../core/retention/keep.ts';
import { policyDefaults, policyOf } from '../core/retention/policy.ts';
import type { Policy } from '../core/retention/shapes.ts';
import { wholeNumber } from './options.ts';

/** What is to be kept, as flags say it. */
export type KeepFlags = {
  readonly keep?: string;
  readonly min: number;
  readonly timeZone: string;
  readonly verified: boolean;
};

export function withKeepFlags(command: Command): Command {
  return command
    .option('--keep <rules>', 'last=N,hourly=N,daily=N,weekly=N,monthly=N,yearly=N,within=30d; N may be all')
    .addOption(
      new Option('--min <n>', 'how many good ones of each database are kept whatever the rules say')
        .default(policyDefaults.min)
        .argParser(wholeNumber(1, mostKept)),
    )
    .option(
      '--time-zone <zone>',
      'whose days, weeks and months are meant, such as Europe/Berlin',
      policyDefaults.timeZone,
    )
    .option('--no-verified', 'count as good what was never verified too: for stores where nothing ever is');
}

/** Undefined where no rules were given. @throws UsageError */
export function policyFrom({ keep, min, timeZone, verified }: KeepFlags): Policy | undefined {
  return keep === undefined ? undefined : policyOf({ keep, min, timeZone, verified });
}
