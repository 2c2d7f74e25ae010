import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { formatId, parseId } from '../core/manifest/backup-id.ts';
import { PruneIncomplete, problemsOf } from '../core/prune/incomplete.ts';
import { prune } from '../core/prune/prune.ts';
import { parseKeep } from '../core/retention/keep.ts';
import { policyDefaults, policyOf } from '../core/retention/policy.ts';
import type { Policy } from '../core/retention/shapes.ts';
import { interruptible } from './interrupt.ts';
import { nameOf, prunableStoreFrom, type StoreFlags, storeCommand, wholeNumber } from './options.ts';
import { prunedLines } from './output/pruned.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';

type PruneFlags = StoreFlags & {
  readonly keep?: string;
  readonly min: number;
  readonly timeZone: string;
  readonly verified: boolean;
  readonly name?: string;
  readonly database?: string;
  readonly sweep?: true;
  readonly orphan?: readonly string[];
  readonly yes?: true;
  readonly json?: true;
};

const mostMin = 10_000;

export function pruneCommand(): Command {
  return storeCommand('prune')
    .description('delete the backups that no rule keeps; without --yes only says what it would do')
    .option('--keep <rules>', 'last=N,hourly=N,daily=N,weekly=N,monthly=N,yearly=N,within=30d; N may be all')
    .addOption(
      new Option('--min <n>', 'how many good ones of each database are kept whatever the rules say')
        .default(policyDefaults.min)
        .argParser(wholeNumber(1, mostMin)),
    )
    .option(
      '--time-zone <zone>',
      'whose days, weeks and months are meant, such as Europe/Berlin',
      policyDefaults.timeZone,
    )
    .option('--no-verified', 'count as good what was never verified too: for stores where nothing ever is')
    .option('--name <name>', 'only of this source', nameOf)
    .option('--database <name>', 'only of this database', nameOf)
    .option(
      '--sweep',
      'take what an earlier prune began and did not end, and what killed runs left half written',
    )
    .addOption(
      new Option(
        '--orphan <id>',
        'delete what lies under this id without a manifest for more than a day; may be repeated',
      ).argParser(collectId),
    )
    .option('--yes', 'delete, and not only say what would be')
    .action(run);
}

function collectId(text: string, before: readonly string[] = []): readonly string[] {
  try {
    return [...before, formatId(parseId(text))];
  } catch (error: unknown) {
    if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

async function run(flags: PruneFlags): Promise<void> {
  const { name, database, sweep = false, orphan, yes = false } = flags;
  const policy = policyFrom(flags);
  const store = await prunableStoreFrom(flags);
  const report = await interruptible((signal) =>
    prune({
      store,
      policy,
      source: name,
      database,
      apply: yes,
      sweep,
      orphans: orphan,
      clock: () => new Date(),
      signal,
    }),
  );
  if (flags.json) printJson(report);
  else printLines(prunedLines(report, styleFor(process.stdout)));
  if (problemsOf(report).length > 0) throw new PruneIncomplete(report);
}

/** @throws UsageError where no rule was given: nobody means to keep nothing */
function policyFrom({ keep, min, timeZone, verified, sweep, orphan }: PruneFlags): Policy | undefined {
  if (keep !== undefined) return policyOf({ keep: parseKeep(keep), min, timeZone, verified });
  if (sweep || orphan !== undefined) return undefined;
  throw new UsageError({
    what: 'There is no rule of what to keep',
    got: 'neither --keep nor --sweep',
    expected: '--keep with at least one rule',
    fix: 'For instance: --keep daily=7,weekly=4,monthly=12,yearly=3',
  });
}
