import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { UsageError } from '../errors.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { abortReasonOr } from '../process/stop-reason.ts';
import { type FrozenPlace, type ObjectState, thawTimes, thawTimesText } from '../store/frozen.ts';
import type { Store } from '../store/store.ts';
import { askToThaw, stateOf } from '../store/thaw.ts';
import type { ThawTier } from '../vocabulary.ts';
import { classesBelow, mayBeFrozen } from './frozen-objects.ts';

/** The frozen objects of a backup, and how many can be read by now. */
export type ThawProgress = {
  readonly places: readonly FrozenPlace[];
  readonly objects: number;
  readonly ready: number;
};

export type ThawRequest = {
  readonly tier: ThawTier;
  /** For how long the thawed copies stay. */
  readonly days: number;
  readonly signal: AbortSignal;
  /** Told once what there is to wait for, and of every object that can be read. */
  readonly onProgress: (progress: ThawProgress) => void;
};

type Frozen = { readonly key: string; readonly state: Exclude<ObjectState, { readonly kind: 'readable' }> };

const requestsAtOnce = 16;
const firstPauseMs = 1_000;
/** Thawing takes minutes or hours, and every question costs a request. */
const longestPauseMs = 5 * 60_000;

/**
 * Asks the store to thaw whatever of a backup cannot be read as it is, and waits until all of it can. What was asked for
 * goes on when this is stopped, and is taken up where it is by another call.
 * @returns how many objects were frozen
 * @throws UsageError where they cannot be thawed that fast; StoreUnusable; the signal's reason
 */
export async function thawBackup(
  store: Store,
  id: BackupId,
  manifest: Pick<Manifest, 'objects'>,
  request: ThawRequest,
): Promise<number> {
  const { tier, days, signal, onProgress } = request;
  const frozen = await findFrozen(store, id, manifest, signal);
  if (frozen.length === 0) return 0;
  const places = [...new Set(frozen.map(({ state }) => state.place))];
  for (const place of places) if (thawTimes[place][tier] === undefined) throw notSoFast(id, place, tier);
  await all(frozen, async ({ key, state }) => {
    if (state.kind === 'frozen') await askToThaw(store, key, { place: state.place, tier, days }, { signal });
  });
  let pauseMs = firstPauseMs;
  for (let ready = 0; ; ) {
    onProgress({ places, objects: frozen.length, ready });
    // One after the other: as long as the first is not there, the others need not be asked.
    const next = frozen[ready];
    if (next === undefined) return frozen.length;
    if ((await stateOf(store, next.key, { signal })).kind === 'readable') {
      ready += 1;
      continue;
    }
    await wait(pauseMs, undefined, { signal }).catch((error: unknown) => {
      throw abortReasonOr(signal, error);
    });
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
  }
}

async function findFrozen(
  store: Store,
  id: BackupId,
  { objects }: Pick<Manifest, 'objects'>,
  signal: AbortSignal,
): Promise<readonly Frozen[]> {
  const classes = await classesBelow(store, id, { signal });
  const suspects = objects.map(({ name }) => keyOf(id, name)).filter((key) => mayBeFrozen(classes.get(key)));
  const looked = await all(suspects, async (key) => ({ key, state: await stateOf(store, key, { signal }) }));
  return looked.flatMap(({ key, state }) => (state.kind === 'readable' ? [] : [{ key, state }]));
}

async function all<T, U>(these: readonly T[], work: (one: T) => Promise<U>): Promise<U[]> {
  const limit = pLimit(requestsAtOnce);
  return await Promise.all(these.map((one) => limit(() => work(one)))).catch((error: unknown) => {
    limit.clearQueue();
    throw error;
  });
}

function notSoFast(id: BackupId, place: FrozenPlace, tier: ThawTier): UsageError {
  return new UsageError({
    what: `${formatId(id)} cannot be thawed so fast`,
    got: `${tier} for ${place}`,
    expected: thawTimesText(place),
    fix: 'Name one of these with --thaw.',
  });
}
