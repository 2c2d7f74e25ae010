import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { checkStore } from '../core/inventory/check-store.ts';
import { formatId, parseId } from '../core/manifest/backup-id.ts';
import { PruneIncomplete, problemsOf } from '../core/prune/incomplete.ts';
import { prune } from '../core/prune/prune.ts';
import { prunedEvents } from '../core/prune/run-events.ts';
import type { Policy } from '../core/retention/shapes.ts';
import type { PrunableStore } from '../core/store/prunable.ts';
import { formatCount, plural } from '../core/text/units.ts';
import { interruptible, nothingChanged } from './interrupt.ts';
import { type KeepFlags, policyFrom, withKeepFlags } from './keep-flags.ts';
import { nothingFound } from './list-filter.ts';
import { type CommandLog, type LogFlags, withLog, withLogFlags } from './log.ts';
import { nameOf, prunableStoreFrom, type StoreFlags, storeCommand } from './options.ts';
import { liveLines, tell } from './output/edge.ts';
import { prunedLines } from './output/pruned.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';

type PruneFlags = StoreFlags &
  KeepFlags &
  LogFlags & {
    readonly name?: string;
    readonly database?: string;
    readonly sweep?: true;
    readonly orphan?: readonly string[];
    readonly yes?: true;
    readonly json?: true;
  };

export function pruneCommand(): Command {
  const command = storeCommand('prune').description(
    'delete the backups that no rule keeps; without --yes only says what it would do',
  );
  return withLogFlags(withKeepFlags(command))
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

const pruneGoesOn =
  'Backups that were begun with are gone whole, and the others are there as before: no backup is half deleted that is listed. Run it again for the rest.';

async function run(flags: PruneFlags): Promise<void> {
  const policy = policyOrSweep(flags);
  const store = await prunableStoreFrom(flags);
  await withLog(flags, (log) => pruneStore(flags, { policy, store, log }));
}

type Means = {
  readonly policy: Policy | undefined;
  readonly store: PrunableStore;
  readonly log: CommandLog;
};

async function pruneStore(flags: PruneFlags, { policy, store, log }: Means): Promise<void> {
  const { name, database, sweep = false, orphan, yes = false } = flags;
  const live = await liveLines(process.stderr);
  const report = await interruptible(flags.yes ? pruneGoesOn : nothingChanged, (signal) =>
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
      onProgress: ({ removed, of }) =>
        live.draw?.([`Deleting: ${formatCount(removed)} of ${plural(of, 'backup')}`]),
    }),
  ).finally(live.stop);
  for (const event of prunedEvents({ ...log.of, at: new Date() }, report)) log.emit(event);
  const found = [...report.groups, ...report.orphans, ...(report.closed ?? [])];
  const isNothing = policy !== undefined && found.length === 0;
  // A mistyped store, name or database would be pruned every night, and never anything go.
  if (isNothing) await checkStore(store);
  if (flags.json) printJson(report);
  else printLines(prunedLines(report, styleFor(process.stdout), process.stdout.columns));
  if (isNothing) tell(process.stderr, [nothingFound(store.url, flags)]);
  if (problemsOf(report).length > 0) throw new PruneIncomplete(report);
}

/** Undefined where only leftovers are asked about. @throws UsageError where no rule was given: nobody means to keep nothing */
function policyOrSweep(flags: PruneFlags): Policy | undefined {
  const policy = policyFrom(flags);
  if (policy !== undefined || flags.sweep || flags.orphan !== undefined) return policy;
  throw new UsageError({
    what: 'There is no rule of what to keep',
    got: 'neither --keep nor --sweep',
    expected: '--keep with at least one rule',
    fix: 'For instance: --keep daily=7,weekly=4,monthly=12,yearly=3',
  });
}
