import { PgproofError } from '../errors.ts';
import type { LatestOptions } from '../inventory/latest.ts';
import { type Choice, readBackup } from '../inventory/read-backup.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { ManifestUnreadable, serialize, Unreadable } from '../manifest/document.ts';
import { type Hold, holdName, parseHold } from '../manifest/hold.ts';
import { type Manifest, manifestName } from '../manifest/manifest.ts';
import { prunedName } from '../manifest/pruned.ts';
import type { LockChange, PrunableStore } from '../store/prunable.ts';

/** Which backup `…/latest` is, where it is not just the newest good one. */
export type LatestAsked = Pick<LatestOptions, 'any' | 'partial' | 'cluster'>;

export type HoldRequest = LatestAsked & {
  /** An id, or `…/latest`. */
  readonly backup: string;
  readonly reason: string;
  readonly by: string;
  /** Undefined: until it is released. */
  readonly until: Date | undefined;
};

/** Whether the store itself keeps the objects too: every one of them, none because it has no such thing. */
export type LegalHold = { readonly kind: 'done' } | Exclude<LockChange, { readonly kind: 'done' }>;

export type Held = {
  readonly id: string;
  readonly hold: Hold;
  readonly legalHold: LegalHold;
  readonly choice: Choice;
};

/**
 * Keeps a backup, whatever retention says: `hold.json` beside its manifest, and a legal hold on its objects where the
 * bucket has Object Lock. In that order: cut off in between, prune keeps it all the same, and saying it again does the rest.
 *
 * @throws BackupNotFound, AlreadyHeld, BeingPruned, StoreUnusable, ManifestUnreadable
 */
export async function holdBackup(
  request: HoldRequest,
  {
    store,
    clock,
    signal,
  }: { readonly store: PrunableStore; readonly clock: () => Date; readonly signal: AbortSignal },
): Promise<Held> {
  const { id, manifest, ...choice } = await readJudged(store, request.backup, { ...request, signal });
  const hold: Hold = {
    formatVersion: 1,
    id: formatId(id),
    reason: request.reason,
    by: request.by,
    heldAt: clock().toISOString(),
    ...(request.until === undefined ? {} : { until: request.until.toISOString() }),
  };
  const inForce = await createHold(store, keyOf(id, holdName), hold, { now: clock(), signal });
  await assertNotPruned(store, formatId(id), signal);
  const legalHold = await setLegalHolds(store, id, manifest, true, signal);
  return { id: formatId(id), hold: inForce, legalHold, choice };
}

/** Somebody holds it already, for another reason or until another time. */
export class AlreadyHeld extends PgproofError {
  override readonly name = 'AlreadyHeld';

  constructor(id: string, { reason, by, heldAt, until }: Hold) {
    super({
      what: `${id} is held already`,
      got: `by ${by} since ${heldAt}${until === undefined ? '' : `, until ${until}`}: ${reason}`,
      fix: `It stays as it is. To change it: pgproof release ${id}, then hold it again.`,
    });
  }
}

/** Prune had begun to delete it before the hold was there. */
export class BeingPruned extends PgproofError {
  override readonly name = 'BeingPruned';

  constructor(id: string, got: string) {
    super({
      what: `Prune was about to delete ${id} when it was held, so it may be lost`,
      got,
      fix: 'See in some minutes whether pgproof list has it. If so, prune was cut off: its next run heeds the hold, and after it you can hold again to be sure. If not, a versioned bucket still has it: list --as-of.',
    });
  }
}

/** Prune leaves word and then looks for a hold; who holds looks afterwards for its word. So one of them sees the other. */
async function assertNotPruned(store: PrunableStore, id: string, signal: AbortSignal): Promise<void> {
  const names = new Set<string>();
  for await (const { key } of store.list(`${id}/`, { signal, skips: () => true }))
    names.add(key.slice(id.length + 1));
  if (names.has(prunedName) && names.has(manifestName))
    throw new BeingPruned(id, `${prunedName} lies beside its manifest`);
  if (names.has(manifestName)) return;
  // Alone it would hold nothing, and lie there for ever.
  await store.remove([`${id}/${holdName}`]);
  throw new BeingPruned(id, 'its manifest is gone');
}

function isSame(before: Hold, { reason, until }: Hold): boolean {
  return before.reason === reason && before.until === until;
}

/**
 * Writes the hold where there is none, or in the place of one that is over.
 *
 * @returns the hold that lies there then: the one before where it says the same, as after a first time that was cut off
 * @throws AlreadyHeld, ManifestUnreadable
 */
async function createHold(
  store: PrunableStore,
  key: string,
  hold: Hold,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<Hold> {
  const found = await store.readVersion(key, { signal });
  if (found !== undefined) {
    const before = parseHold(found.content, key);
    if (isSame(before, hold)) return before;
    if (before.until === undefined || new Date(before.until) > now) throw new AlreadyHeld(hold.id, before);
  }
  await store.replaceIf(key, serialize(hold), found?.version);
  return hold;
}

/** Only what a manifest names is touched. @throws BackupNotFound, ManifestUnreadable */
export async function readJudged(
  store: PrunableStore,
  text: string,
  { any, partial, cluster, signal }: LatestAsked & { readonly signal: AbortSignal },
): Promise<Choice & { readonly id: BackupId; readonly manifest: Manifest }> {
  const found = await readBackup(store, text, { any, partial, cluster, signal });
  const { id, manifest, passedOver, notGood } = found;
  if (!(manifest instanceof Unreadable)) return { id, manifest, passedOver, notGood };
  throw new ManifestUnreadable({
    what: `The manifest of ${formatId(id)} cannot be read`,
    got: manifest.unreadable,
    fix: "Prune deletes nothing of it. Restore the manifest from the bucket's version history.",
  });
}

/**
 * The store's own hold on archive, roles and manifest. A store that has no such thing is asked once.
 *
 * @throws StoreUnusable
 */
export async function setLegalHolds(
  store: PrunableStore,
  id: BackupId,
  manifest: Manifest,
  on: boolean,
  signal: AbortSignal,
): Promise<LegalHold> {
  for (const name of [manifestName, ...manifest.objects.map((object) => object.name)]) {
    const change = await store.setLegalHold(keyOf(id, name), on, { signal });
    if (change.kind !== 'done') return change;
  }
  return { kind: 'done' };
}
