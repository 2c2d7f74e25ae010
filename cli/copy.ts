import { type Command, Option } from 'commander';
import { lockFrom } from '../core/config/object-lock.ts';
import { copyBackup } from '../core/copy/copy-backup.ts';
import { CopyIncomplete } from '../core/copy/copy-incomplete.ts';
import { copyMissing } from '../core/copy/copy-missing.ts';
import { copyOutcomes, wholeFailure } from '../core/copy/copy-outcomes.ts';
import { findMissing } from '../core/copy/find-missing.ts';
import type { CopyLine, CopyReport } from '../core/copy/request.ts';
import { copiedEvents } from '../core/copy/run-events.ts';
import { refuseOnePlace } from '../core/copy/two-places.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import type { PassedOver } from '../core/inventory/passed-over.ts';
import { readBackup } from '../core/inventory/read-backup.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { type Channel, notifier } from '../core/notify/notifier.ts';
import { Interrupted } from '../core/process/interrupted.ts';
import { noteTeller } from '../core/recovery/note-teller.ts';
import type { PrunableStore } from '../core/store/prunable.ts';
import type { Store } from '../core/store/store.ts';
import type { NotifyPolicy } from '../core/vocabulary.ts';
import { channelFor, withAlertFlags } from './alerts.ts';
import { type PlaceFlags, placesFrom, withPlaceFlags } from './copy-flags.ts';
import { interruptible, nothingChanged } from './interrupt.ts';
import { type KeepFlags, policyFrom, withKeepFlags } from './keep-flags.ts';
import { nothingFound } from './list-filter.ts';
import { type CommandLog, type LogFlags, withLog, withLogFlags } from './log.ts';
import {
  type ContactFlag,
  contactOption,
  type LatestFlags,
  latestFrom,
  nameOf,
  storeCommand,
  withLatestFlags,
} from './options.ts';
import { copyLines, missingLines } from './output/copied.ts';
import { copyProgress } from './output/copy-progress.ts';
import { tell } from './output/edge.ts';
import { choiceLines, passedOverJson } from './output/passed-over.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';

type CopyFlags = PlaceFlags &
  LatestFlags &
  ContactFlag &
  KeepFlags &
  LogFlags & {
    readonly allMissing?: true;
    readonly failedToo?: true;
    readonly name?: string;
    readonly database?: string;
    readonly dryRun?: true;
    readonly topic?: string;
    readonly notify: NotifyPolicy;
    readonly json?: true;
  };

export function copyCommand(): Command {
  const command = storeCommand('copy')
    .description('bring backups into a second place, each byte checked there; what is there already stays')
    .argument('[id]', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest')
    .option('--all-missing', 'every backup that the second place has not and would keep');
  withLatestFlags(withPlaceFlags(command))
    .addOption(contactOption())
    .addOption(new Option('--failed-too', 'copy the backup although its verification failed'))
    .option('--name <name>', 'with --all-missing: only of this source', nameOf)
    .option('--database <name>', 'with --all-missing: only of this database', nameOf)
    .option('--dry-run', 'with --all-missing: only say what would be copied');
  return withLogFlags(withAlertFlags(withKeepFlags(command))).action(run);
}

const copyGoesOn =
  'What was copied whole stays there; what was brought of the backup under way is no backup there yet. Run the same command again: it goes on from there.';

async function run(id: string | undefined, flags: CopyFlags): Promise<void> {
  refuseNothing(id, flags);
  const { from, to } = await placesFrom(flags);
  if (id === undefined && flags.dryRun) return await look(from, to, flags);
  const channel = await channelFor(flags.topic);
  await withLog(flags, (log) => copy(id, flags, { from, to, channel, log }));
}

type Means = {
  readonly from: Store;
  readonly to: PrunableStore;
  readonly channel: Channel;
  readonly log: CommandLog;
};

async function copy(
  id: string | undefined,
  flags: CopyFlags,
  { from, to, channel, log }: Means,
): Promise<void> {
  const progress = await copyProgress(process.stderr);
  const teller = notifier(channel, flags.notify);
  const warnings: string[] = [];
  const report = await interruptible(copyGoesOn, async (signal) => {
    const request = {
      from,
      to,
      lock: () => lockFrom(flags.toObjectLock, new Date()),
      stallSeconds: flags.stallTimeout,
      notes: noteTeller(to, { contact: flags.contact, write: 'current' }, (_, line) => warnings.push(line)),
      clock: () => new Date(),
      signal,
    };
    return id === undefined
      ? await copyMissing({
          ...request,
          ...chosenBy(flags),
          onProgress: progress.on,
          onBackup: progress.over,
        })
      : await copyNamed(id, request, flags, progress.on);
  })
    .catch(async (error: unknown) => {
      // Called wrongly, or stopped by a person: whoever did it sees it.
      if (!(error instanceof UsageError || error instanceof Interrupted))
        await teller.tell(
          wholeFailure(error, { from: from.url, to: to.url, source: flags.name }, new Date()),
        );
      throw error;
    })
    .finally(progress.stop);
  for (const event of copiedEvents({ ...log.of, at: new Date() }, report)) log.emit(event);
  tell(process.stderr, warnings);
  if (flags.json) printJson(report);
  else printLines(copyLines(report, styleFor(process.stdout), process.stdout.columns));
  // A mistyped name would be copied every night, and nothing ever come over.
  const { closed = [] } = report;
  if (report.backups.length + report.there + report.left.length + closed.length === 0)
    tell(process.stderr, [nothingFound(from.url, flags)]);
  for (const outcome of copyOutcomes(report, new Date())) await teller.tell(outcome);
  if (report.backups.some(({ kind }) => kind === 'failed') || closed.length > 0)
    throw new CopyIncomplete(report);
}

/** One backup; the report is as of several. @throws BackupNotFound, UsageError: there was nothing to copy */
async function copyNamed(
  text: string,
  request: {
    readonly from: Store;
    readonly to: PrunableStore;
    readonly clock: () => Date;
    readonly signal: AbortSignal;
  },
  flags: CopyFlags,
  onProgress: Parameters<typeof copyMissing>[0]['onProgress'],
): Promise<CopyReport & { readonly passedOver?: readonly PassedOver[] }> {
  const { from, to, clock, signal } = request;
  const startedAt = clock().toISOString();
  await refuseOnePlace(from, to);
  const chosen = await readBackup(from, text, { ...latestFrom(flags), signal });
  const { id, passedOver } = chosen;
  const choice = { text, id: formatId(id), storeUrl: from.url, ...flags };
  tell(process.stderr, choiceLines(chosen, choice, styleFor(process.stderr)));
  const of = { id: formatId(id), number: 1, of: 1 };
  const line = await copyBackup({
    ...request,
    id,
    failedToo: flags.failedToo,
    onProgress: (now) => onProgress?.({ ...now, ...of }),
  }).then(
    (outcome): CopyLine => ({ id: of.id, ...outcome }),
    (error: unknown): CopyLine => {
      signal.throwIfAborted();
      if (error instanceof UsageError) throw error;
      return { id: of.id, kind: 'failed', error: messageOf(error) };
    },
  );
  return {
    from: from.url,
    to: to.url,
    startedAt,
    finishedAt: clock().toISOString(),
    backups: [line],
    there: 0,
    left: [],
    newest: [],
    ...passedOverJson(passedOver),
  };
}

async function look(from: Store, to: Store, flags: CopyFlags): Promise<void> {
  const found = await interruptible(nothingChanged, async (signal) => {
    await refuseOnePlace(from, to);
    return await findMissing({ from, to, ...chosenBy(flags), clock: () => new Date(), signal });
  });
  const missing = found.missing.map(({ id }) => formatId(id));
  if (flags.json)
    printJson({
      from: from.url,
      to: to.url,
      missing,
      there: found.there.length + found.outdated.length,
      left: found.left,
      unknown: found.unknown,
      closed: found.closed,
    });
  else {
    printLines(missingLines(found));
    tell(process.stderr, ['Nothing was copied: leave --dry-run out.']);
  }
}

function chosenBy(
  flags: CopyFlags,
): Pick<Parameters<typeof copyMissing>[0], 'source' | 'database' | 'policy'> {
  return { source: flags.name, database: flags.database, policy: policyFrom(flags) };
}

/** @throws UsageError */
function refuseNothing(id: string | undefined, { allMissing }: CopyFlags): void {
  if (id === undefined && allMissing === undefined)
    throw new UsageError({
      what: 'Nothing says what to copy',
      got: 'neither an id nor --all-missing',
      fix: 'Give an id, or --all-missing.',
    });
}
