import pLimit from 'p-limit';
import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { FrozenPlace } from '../store/frozen.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../store/store.ts';
import { stateOf } from '../store/thaw.ts';
import { classesBelow, mayBeFrozen } from './frozen-objects.ts';

/** Where the archive of a backup lies in S3, and whether it can be read as it is. */
export type StoredState = {
  /** Of its objects, sorted. */
  readonly classes: readonly string[];
  /** Classes and tiers that objects have to be thawed from. */
  readonly places: readonly FrozenPlace[];
  /** `frozen`: an object has to be thawed first; `thawing`: all those are being thawed; `unknown`: nobody lets us ask. */
  readonly state: 'readable' | 'frozen' | 'thawing' | 'unknown';
  /** When what was thawed freezes again, the first of it. */
  readonly until?: string | undefined;
};

const requestsAtOnce = 16;

/** Undefined where the store tells no classes, as a directory. @throws StoreUnusable where it cannot be listed */
export async function storedState(
  store: Store,
  id: BackupId,
  { objects }: Pick<Manifest, 'objects'>,
  options: ReadOptions,
): Promise<StoredState | undefined> {
  const listed = await classesBelow(store, id, options);
  const keys = objects.filter(({ role }) => role === 'archive').map(({ name }) => keyOf(id, name));
  const classes = [...new Set(keys.flatMap((key) => listed.get(key) ?? []))].sort();
  if (classes.length === 0) return undefined;
  const limit = pLimit(requestsAtOnce);
  const suspects = keys.filter((key) => mayBeFrozen(listed.get(key)));
  try {
    const states = await Promise.all(suspects.map((key) => limit(() => stateOf(store, key, options))));
    const waiting = states.flatMap((state) => (state.kind === 'readable' ? [] : [state]));
    const untils = states.flatMap((state) => (state.kind === 'readable' && state.until) || []);
    const [until] = untils.sort((one, other) => one.getTime() - other.getTime());
    const isFrozen = waiting.some(({ kind }) => kind === 'frozen');
    return {
      classes,
      places: [...new Set(waiting.map(({ place }) => place))],
      state: isFrozen ? 'frozen' : waiting.length > 0 ? 'thawing' : 'readable',
      ...(until === undefined ? {} : { until: until.toISOString() }),
    };
  } catch (error: unknown) {
    limit.clearQueue();
    if (error instanceof StoreUnusable && error.isOfObject) return { classes, places: [], state: 'unknown' };
    throw error;
  }
}
