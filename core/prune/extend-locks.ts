import { messageOf } from '../errors.ts';
import { judgeManifest } from '../inventory/judge-manifest.ts';
import { readBytes, readOr } from '../inventory/read-document.ts';
import { keyOf, parseId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { manifestName } from '../manifest/manifest.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import type { Line } from '../retention/shapes.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { type ObjectLock, ObjectMissing } from '../store/store.ts';
import type { Extension } from './report.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const atOnce = 8;

/**
 * Makes the locks of what is kept reach as far as it is kept, but no further ahead than `days`: an upload is locked for so
 * long, and what has become a longer keeper is locked on and on. A lock that reaches nearly so far is let be, or every
 * object would be asked for every day.
 *
 * @returns the locks that were made longer, and those that could not be
 */
export async function extendLocks(
  store: PrunableStore,
  lines: readonly Line[],
  {
    mode,
    days,
    now,
    signal,
  }: {
    readonly mode: ObjectLock['mode'];
    readonly days: number;
    readonly now: Date;
    readonly signal: AbortSignal;
  },
): Promise<Extension[]> {
  const furthest = now.getTime() + days * dayMs;
  const slack = Math.max(dayMs, (days * dayMs) / 10);
  const extended = await mapInParallel(
    lines.filter(({ action }) => action === 'keep'),
    atOnce,
    async ({ id, until }): Promise<Extension | undefined> => {
      const reach = new Date(Math.min(until?.getTime() ?? furthest, furthest));
      try {
        const state = await store.lockOf(keyOf(parseId(id), manifestName), { signal });
        if (state.kind === 'refused') return { id, until: reach, error: messageOf(state.why) };
        const locked = state.kind === 'known' ? (state.lock?.until.getTime() ?? now.getTime()) : undefined;
        if (locked === undefined || reach.getTime() - locked < slack) return undefined;
        return await extend(store, id, { mode, until: reach }, signal);
      } catch (error: unknown) {
        if (error instanceof ObjectMissing) return undefined;
        throw error;
      }
    },
  );
  return extended.filter((one) => one !== undefined);
}

/** The manifest last: as long as its lock is short, the next prune tries all again. */
async function extend(
  store: PrunableStore,
  text: string,
  lock: ObjectLock,
  signal: AbortSignal,
): Promise<Extension | undefined> {
  const id = parseId(text);
  const key = keyOf(id, manifestName);
  const bytes = await readBytes(store, key, 0, { signal });
  if (bytes === undefined || bytes instanceof Unreadable) return undefined;
  const manifest = readOr(() => judgeManifest(bytes, id, key));
  // What it names cannot be known; that it cannot be read is told of the backup itself.
  if (manifest instanceof Unreadable) return undefined;
  for (const name of [...manifest.objects.map((object) => object.name), manifestName]) {
    const change = await store.extendLock(keyOf(id, name), lock, { signal });
    if (change.kind === 'refused') return { id: text, until: lock.until, error: messageOf(change.why) };
    if (change.kind === 'unsupported')
      return { id: text, until: lock.until, error: 'the bucket has no Object Lock' };
  }
  return { id: text, until: lock.until };
}
