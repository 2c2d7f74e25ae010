import { keyOf, parseId } from '../manifest/backup-id.ts';
import { manifestName } from '../manifest/manifest.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import type { Line } from '../retention/shapes.ts';
import type { LockState, PrunableStore } from '../store/prunable.ts';
import { ObjectMissing } from '../store/store.ts';

const atOnce = 16;

/**
 * The lines, with those kept after all that the store itself locks. A plain delete would succeed there, and only hide the
 * backup until nobody can find it: its bytes stay, and are paid for. The manifest is asked for all, as all are locked alike.
 *
 * @throws StoreUnusable
 */
export async function heedLocks(
  store: PrunableStore,
  lines: readonly Line[],
  now: Date,
  signal: AbortSignal,
): Promise<Line[]> {
  const [first, ...others] = lines.filter(({ action }) => action === 'remove');
  if (first === undefined) return [...lines];
  const states = new Map([[first.id, await lockOf(store, first.id, signal)]]);
  // A store without locks has none for the others either.
  if (states.get(first.id)?.kind === 'unsupported') return [...lines];
  await mapInParallel(others, atOnce, async ({ id }) => {
    states.set(id, await lockOf(store, id, signal));
  });
  return lines.map((line) => {
    const state = states.get(line.id);
    return state === undefined ? line : withLock(line, state, now);
  });
}

/** Undefined where somebody has deleted it meanwhile. */
async function lockOf(store: PrunableStore, id: string, signal: AbortSignal): Promise<LockState | undefined> {
  try {
    return await store.lockOf(keyOf(parseId(id), manifestName), { signal });
  } catch (error: unknown) {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  }
}

function withLock(line: Line, state: LockState, now: Date): Line {
  if (state.kind === 'unsupported') return line;
  if (state.kind === 'refused') return kept(line, { kind: 'lock-unknown', detail: state.why.message });
  const { lock, legalHold } = state;
  if (legalHold) return kept(line, { kind: 'legal-hold' });
  if (lock !== undefined && lock.until > now)
    return { ...kept(line, { kind: 'locked', until: lock.until }), until: lock.until };
  return line;
}

function kept(line: Line, reason: Line['reasons'][number]): Line {
  return { ...line, action: 'keep', reasons: [reason], until: undefined };
}
