import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import type { ThawProgress } from '../core/inventory/thaw-backup.ts';
import { type BackupId, formatId } from '../core/manifest/backup-id.ts';
import type { Manifest } from '../core/manifest/manifest.ts';
import { Interrupted } from '../core/process/interrupted.ts';
import { thawTimes } from '../core/store/frozen.ts';
import type { Store } from '../core/store/store.ts';
import { formatCount, formatDuration } from '../core/text/units.ts';
import { type ThawTier, thawTiers } from '../core/vocabulary.ts';
import { type StoreFlags, wholeNumber } from './options.ts';

export type ThawFlags = { readonly thaw?: ThawTier; readonly thawDays: number };

const mostThawDays = 365;
const defaultThawDays = 3;

/** Flags of the commands that read archives, which may lie where S3 has to thaw them first. */
export function withThawFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--thaw [tier]',
        'S3: ask for an archive that lies in a class that must be thawed, and wait for it',
      )
        .choices([...thawTiers])
        .preset('standard'),
    )
    .addOption(
      new Option('--thaw-days <n>', 'for how long S3 keeps what it thawed')
        .argParser(wholeNumber(1, mostThawDays))
        .default(defaultThawDays),
    );
}

/**
 * Has a backup thawed where that was asked for, and waits until it can be read.
 * @param say writes a line that stays
 * @throws UsageError with --as-of, and what thawBackup throws
 */
export async function thawIfAsked(
  flags: ThawFlags & StoreFlags,
  backup: {
    readonly store: Store;
    readonly id: BackupId;
    readonly manifest: Pick<Manifest, 'objects'>;
    readonly signal: AbortSignal;
  },
  say: (line: string) => void,
): Promise<void> {
  const { thaw: tier, thawDays: days, asOf, store: url } = flags;
  if (tier === undefined || !url.startsWith('s3:')) return;
  if (asOf !== undefined)
    throw new UsageError({
      what: '--thaw asks for what lies in the store now',
      got: '--as-of',
      fix: 'Thaw the earlier version with aws s3api restore-object --version-id, and leave --thaw out.',
    });
  const { store, id, manifest, signal } = backup;
  const { thawBackup } = await import('../core/inventory/thaw-backup.ts');
  const words = thawWords(tier);
  let waits = false;
  try {
    await thawBackup(store, id, manifest, {
      tier,
      days,
      signal,
      onProgress: (progress) => {
        waits = true;
        const line = words(id, progress, performance.now());
        if (line !== undefined) say(line);
      },
    });
  } catch (error: unknown) {
    if (signal.reason instanceof Interrupted && waits)
      say('S3 goes on thawing what was asked for: run the same command again, which waits for the rest.');
    throw error;
  }
}

/** Between two lines while nothing changes, so that a log of hours stays short. */
const quietMs = 10 * 60_000;

/** What is said as thawing goes on, and at which moment (milliseconds of any clock); undefined where nothing is new. */
export function thawWords(
  tier: ThawTier,
): (id: BackupId, progress: ThawProgress, now: number) => string | undefined {
  let began: number | undefined;
  let last: { readonly ready: number; readonly at: number } | undefined;
  return (id, { places, objects, ready }, now) => {
    const isQuiet = last !== undefined && ready === last.ready && now - last.at < quietMs;
    if (isQuiet) return undefined;
    last = { ready, at: now };
    if (began === undefined) {
      began = now;
      const times = places.map((place) => `${place}: ${thawTimes[place][tier]}`).join(', ');
      const what = `${formatCount(objects)} ${objects === 1 ? 'object' : 'objects'}`;
      return `Thawing ${what} of ${formatId(id)}, ${tier} (${times}). Ctrl-C leaves S3 to go on.`;
    }
    const since = formatDuration((now - began) / 1_000);
    const of = `${formatCount(ready)} of ${formatCount(objects)}`;
    return ready === objects ? `Thawed after ${since}` : `Thawing for ${since}, ${of} can be read`;
  };
}
