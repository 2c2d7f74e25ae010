import { messageOf } from '../errors.ts';
import { formatId } from '../manifest/backup-id.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import { Stalled } from '../process/watchdog.ts';
import type { Policy } from '../retention/shapes.ts';
import { StoreUnusable } from '../store/store.ts';
import { copyBackup } from './copy-backup.ts';
import { findMissing, type Missing } from './find-missing.ts';
import { newestCopies } from './newest-copies.ts';
import type { CopyLine, CopyProgress, CopyReport, CopyRequest } from './request.ts';
import { refuseOnePlace } from './two-places.ts';

export type CopyMissingRequest = Omit<CopyRequest, 'id' | 'failedToo' | 'onProgress'> & {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
  /** What prune keeps in the other store. @default as prune did last there, database by database; else everything */
  readonly policy?: Policy | undefined;
  /** Hears of each backup that was copied, or could not be. */
  readonly onBackup?: ((line: CopyLine) => void | Promise<void>) | undefined;
  readonly onProgress?: ((progress: CopyProgress & OfBackup) => void) | undefined;
};

/** Which one it is, the first being 1, and of how many. */
type OfBackup = { readonly id: string; readonly number: number; readonly of: number };

const broughtAtOnce = 8;

/**
 * Copies every backup that the other store has not and would keep, the newest first, and brings verdicts and holds of the
 * others up to date. One that cannot be copied stops no other, but where a store cannot be used at all.
 *
 * @throws StoreUnusable where one of the stores cannot be listed; UsageError where they are one place
 */
export async function copyMissing(request: CopyMissingRequest): Promise<CopyReport> {
  const { from, to, clock } = request;
  const startedAt = clock().toISOString();
  await refuseOnePlace(from, to);
  const found = await findMissing(request);
  const unknown = found.unknown.map(({ id, why }): CopyLine => ({ id, kind: 'failed', error: why }));
  for (const line of unknown) await request.onBackup?.(line);
  const copied = await copyEach(found, request);
  const brought = await bringAll(found, request);
  const backups = [...copied, ...unknown, ...brought];
  return {
    from: from.url,
    to: to.url,
    startedAt,
    finishedAt: clock().toISOString(),
    backups,
    there: found.there.length + found.outdated.length - brought.length,
    left: found.left,
    closed: found.closed,
    newest: newestCopies(found, copied),
  };
}

async function copyEach({ missing }: Missing, request: CopyMissingRequest): Promise<CopyLine[]> {
  const { onBackup, onProgress, signal } = request;
  const lines: CopyLine[] = [];
  let useless: string | undefined;
  for (const [index, entry] of missing.entries()) {
    signal.throwIfAborted();
    const id = formatId(entry.id);
    const of = { id, number: index + 1, of: missing.length };
    const { line, isStoreLost } =
      useless === undefined
        ? await copyOne({
            ...request,
            id: entry.id,
            onProgress: onProgress && ((progress) => onProgress({ ...progress, ...of })),
          })
        : { line: { id, kind: 'failed', error: `Not tried. ${useless}` } as const, isStoreLost: false };
    if (isStoreLost && line.kind === 'failed') useless = line.error;
    lines.push(line);
    await onBackup?.(line);
  }
  return lines;
}

type Tried = {
  readonly line: CopyLine /** Whether the next one would meet the same. */;
  readonly isStoreLost: boolean;
};

async function copyOne(request: CopyRequest): Promise<Tried> {
  const id = formatId(request.id);
  try {
    return { line: { id, ...(await copyBackup(request)) }, isStoreLost: false };
  } catch (error: unknown) {
    request.signal.throwIfAborted();
    const isStoreLost = error instanceof Stalled || (error instanceof StoreUnusable && !error.isOfObject);
    return { line: { id, kind: 'failed', error: messageOf(error) }, isStoreLost };
  }
}

/** What was said of backups after they were copied. @returns those that changed, and those that failed */
async function bringAll({ outdated }: Missing, request: CopyMissingRequest): Promise<CopyLine[]> {
  const lines = await mapInParallel(outdated, broughtAtOnce, async ({ id }) => {
    request.signal.throwIfAborted();
    return (await copyOne({ ...request, id, onProgress: undefined })).line;
  });
  const told = lines.filter((line) => line.kind !== 'there' || line.verdictBrought);
  for (const line of told) await request.onBackup?.(line);
  return told;
}
