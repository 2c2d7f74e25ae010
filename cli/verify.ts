import { type Command, Option } from 'commander';
import { defaultLevel } from '../core/config/defaults.ts';
import { messageOf } from '../core/errors.ts';
import type { PassedOver } from '../core/inventory/passed-over.ts';
import { findBackup, readBackup } from '../core/inventory/read-backup.ts';
import { type BackupId, formatId } from '../core/manifest/backup-id.ts';
import { Unreadable } from '../core/manifest/document.ts';
import { isInOrder, type Verified } from '../core/manifest/verified.ts';
import { type Channel, notifier } from '../core/notify/notifier.ts';
import { verifiedEvent } from '../core/notify/verified-event.ts';
import type { Scratch } from '../core/scratch/scratch.ts';
import type { Store } from '../core/store/store.ts';
import { BackupNotGood } from '../core/verify/verdict-error.ts';
import { verifyAndTell } from '../core/verify/verify-and-tell.ts';
import { type LevelChoice, levelChoices, type NotifyPolicy } from '../core/vocabulary.ts';
import { channelFor, withAlertFlags } from './alerts.ts';
import { checksFrom } from './checks.ts';
import {
  allowUncontainedOption,
  type RestoreFlags,
  restoreTimeoutOption,
  timeoutFrom,
  uncontainedFrom,
} from './containment.ts';
import { interruptible } from './interrupt.ts';
import { type CommandLog, type LogFlags, withLog, withLogFlags } from './log.ts';
import {
  type LatestFlags,
  latestFrom,
  type StoreFlags,
  storeCommand,
  storeFrom,
  withAsOf,
  withLatestFlags,
} from './options.ts';
import { tell } from './output/edge.ts';
import { choiceLines, passedOverJson } from './output/passed-over.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { verifiedLines } from './output/verdicts.ts';
import { verifyProgress } from './output/verify-progress.ts';
import { machinePrograms } from './programs.ts';
import { scratchFrom } from './scratch.ts';
import { type ThawFlags, thawIfAsked, withThawFlags } from './thaw.ts';
import { refuseWithout, withoutOption } from './without.ts';

type VerifyFlags = StoreFlags &
  ThawFlags &
  RestoreFlags &
  LogFlags & {
    readonly level: LevelChoice;
    readonly check?: readonly string[];
    readonly checks?: string;
    readonly without?: readonly string[];
    readonly scratch?: string;
    readonly topic?: string;
    readonly notify: NotifyPolicy;
    readonly json?: true;
  } & LatestFlags;

export function verifyCommand(): Command {
  const command = withLatestFlags(withThawFlags(withAsOf(storeCommand('verify'))))
    .description(
      'prove a backup: read back every byte, decode all of it, count the rows of every table, restore it',
    )
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest')
    .addOption(
      new Option('--level <level>', 'how deep; auto: restore where it fits into room and time, else read')
        .choices([...levelChoices])
        .default(defaultLevel.command),
    )
    .addOption(
      new Option(
        '--check <sql>',
        'SQL that must return true in the restored database; may be repeated',
      ).argParser(collectText),
    )
    .option('--checks <file>', 'YAML or JSON with a list of checks, as in a configuration: SQL and programs')
    .addOption(withoutOption())
    .addOption(restoreTimeoutOption())
    .addOption(allowUncontainedOption())
    .addOption(
      new Option(
        '--scratch <directory>',
        "where the private server lies (default: the system's directory for temporary files)",
      ),
    );
  return withLogFlags(withAlertFlags(command)).action(run);
}

const verdictStands = 'The verification had come to its end, and its verdict is written.';
const nothingOfIt =
  'No verdict was written: what was known of the backup before still counts. What was restored for it is gone.';

async function run(text: string, flags: VerifyFlags): Promise<void> {
  const checks = await checksFrom(flags);
  refuseWithout(flags.without, flags.level);
  const scratch = await scratchFrom(flags);
  const store = await storeFrom(flags);
  const channel = await channelFor(flags.topic);
  // A verdict about the past stands nowhere.
  const { log: _none, ...unlogged } = flags;
  await withLog(flags.asOf === undefined ? flags : unlogged, (log) =>
    verify(text, flags, { checks, scratch, store, channel, log }),
  );
}

type Means = {
  readonly checks: Awaited<ReturnType<typeof checksFrom>>;
  readonly scratch: Scratch;
  readonly store: Store;
  readonly channel: Channel;
  readonly log: CommandLog;
};

async function verify(
  text: string,
  flags: VerifyFlags,
  { checks, scratch, store, channel, log }: Means,
): Promise<void> {
  const progress = await verifyProgress(process.stderr);
  let passedOver: readonly PassedOver[] = [];
  let isRecorded = false;
  const left = (): string => (isRecorded ? verdictStands : nothingOfIt);
  const verification = await interruptible(left, async (signal) => {
    const chosen = await findBackup(store, text, { ...latestFrom(flags), signal });
    const { id } = chosen;
    passedOver = chosen.passedOver;
    const of = { text, id: formatId(id), storeUrl: store.url, ...flags };
    for (const line of choiceLines(chosen, of, styleFor(process.stderr))) progress.say(line);
    await thaw(flags, { store, id, signal }, progress.say);
    progress.start(formatId(id));
    const verifying = verifyAndTell(
      { id, level: flags.level, checks, without: flags.without, ...timeoutFrom(flags) },
      {
        store,
        isRecorded: flags.asOf === undefined,
        notifier: notifier(channel, flags.notify),
        signal,
        ...machinePrograms({ signal, onProgress: progress.say }),
        scratch,
        uncontained: uncontainedFrom(flags),
        clock: () => new Date(),
        onProgress: progress.on,
      },
    );
    const verified = await followed(verifying, { id, log, signal });
    isRecorded = flags.asOf === undefined;
    return verified;
  }).finally(progress.stop);
  if (flags.json) printJson({ ...verification, ...passedOverJson(passedOver) });
  else printLines(verifiedLines(verification, styleFor(process.stdout)));
  if (flags.asOf !== undefined)
    tell(process.stderr, [
      'Nothing was written to the store: this verdict is about the past, and stands nowhere else.',
    ]);
  if (!isInOrder(verification)) throw new BackupNotGood(verification);
}

/** What a verification comes to is told to those who follow; also where it came to nothing. */
async function followed(
  verifying: Promise<Verified>,
  { id, log, signal }: { readonly id: BackupId; readonly log: CommandLog; readonly signal: AbortSignal },
): Promise<Verified> {
  const { of, emit } = log;
  const began = new Date();
  const { source, database } = id;
  try {
    const verified = await verifying;
    emit(verifiedEvent({ ...of, at: new Date(), source }, formatId(id), verified));
    return verified;
  } catch (error: unknown) {
    const at = new Date();
    const event = { ...of, kind: 'verified', at, source, database, id: formatId(id) } as const;
    const seconds = (at.getTime() - began.getTime()) / 1_000;
    // Who stopped it wanted no answer.
    if (!signal.aborted)
      emit({ ...event, verdict: undefined, level: undefined, error: messageOf(error), seconds });
    throw error;
  }
}

/** A manifest that cannot be read names nothing to thaw; the verification says so. */
async function thaw(
  flags: VerifyFlags,
  { store, id, signal }: { readonly store: Store; readonly id: BackupId; readonly signal: AbortSignal },
  say: (line: string) => void,
): Promise<void> {
  if (flags.thaw === undefined) return;
  const { manifest } = await readBackup(store, formatId(id), { signal });
  if (!(manifest instanceof Unreadable)) await thawIfAsked(flags, { store, id, manifest, signal }, say);
}

function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
