import { PgproofError } from '../errors.ts';
import { clustersOf } from '../inventory/clusters.ts';
import { listBackups } from '../inventory/list-backups.ts';
import { policyOfLastPrune } from '../inventory/prune-record.ts';
import type { Choice } from '../inventory/read-backup.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { serialize } from '../manifest/document.ts';
import { holdName, type Release, releaseName } from '../manifest/hold.ts';
import { decide } from '../retention/decide.ts';
import { policyOf } from '../retention/policy.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { type LatestAsked, type LegalHold, readJudged, setLegalHolds } from './hold.ts';

export type Released = {
  readonly id: string;
  /** `hold`: somebody's; `pin`: that of a cliff. */
  readonly from: 'hold' | 'pin';
  /** Of the pin: whether somebody had released it before. */
  readonly wasReleased: boolean;
  /** Of the hold. */
  readonly legalHold: LegalHold | undefined;
  readonly choice: Choice;
};

/**
 * Gives a backup back to retention: takes its hold away, or, where nobody holds it, says that what came after it is no
 * accident, which lifts the pin of a cliff. The hold goes last: cut off in between, it holds, and saying it again does the rest.
 *
 * @throws BackupNotFound, NothingToRelease, StoreUnusable, ManifestUnreadable
 */
export async function releaseBackup(
  {
    backup,
    by,
    reason,
    ...asked
  }: LatestAsked & { readonly backup: string; readonly by: string; readonly reason: string | undefined },
  {
    store,
    clock,
    signal,
  }: { readonly store: PrunableStore; readonly clock: () => Date; readonly signal: AbortSignal },
): Promise<Released> {
  const { id: backupId, manifest, ...choice } = await readJudged(store, backup, { ...asked, signal });
  const id = formatId(backupId);
  const now = clock();
  const holdKey = keyOf(backupId, holdName);
  if ((await store.readVersion(holdKey, { signal })) !== undefined) {
    const legalHold = await setLegalHolds(store, backupId, manifest, false, signal);
    if (legalHold.kind === 'refused') throw legalHold.why;
    const [left] = await store.remove([holdKey], { signal });
    if (left !== undefined) throw left.why;
    return { id, from: 'hold', wasReleased: false, legalHold, choice };
  }
  const pin = await pinOf(store, backupId, { now, signal });
  if (pin.of !== id) throw new NothingToRelease(id, pin.of);
  if (pin.isReleased) return { id, from: 'pin', wasReleased: true, legalHold: undefined, choice };
  const release: Release = {
    formatVersion: 1,
    id,
    by,
    releasedAt: now.toISOString(),
    ...(reason === undefined ? {} : { reason }),
  };
  const key = keyOf(backupId, releaseName);
  // One of before this cliff says nothing about it.
  const before = await store.readVersion(key, { signal });
  await store.replaceIf(key, serialize(release), before?.version);
  return { id, from: 'pin', wasReleased: false, legalHold: undefined, choice };
}

/** Nobody holds it, and it is not the last before a cliff: saying so beforehand would lift a pin that nobody has seen. */
export class NothingToRelease extends PgproofError {
  override readonly name = 'NothingToRelease';

  /** @param pinned the last before the cliff that this one is kept for, where it is */
  constructor(id: string, pinned?: string) {
    super({
      what: `There is nothing to release ${id} from`,
      got: 'nobody holds it, and no sudden loss came after it',
      fix:
        pinned === undefined
          ? 'See why it is kept: pgproof prune with your rules, without --yes.'
          : `It is kept together with the last backup before a sudden loss: if that loss was meant, pgproof release ${pinned}`,
    });
  }
}

/**
 * The pin of a cliff, whether or not backups are verified there. `of`: the last before it, which is the one to release;
 * undefined where there is none.
 */
async function pinOf(
  store: PrunableStore,
  { source, database, startedAt }: BackupId,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<{ readonly of: string | undefined; readonly isReleased: boolean }> {
  const id = formatId({ source, database, startedAt });
  const clusters = clustersOf(
    await listBackups(store, { source, database }, { signal, fromManifests: true }),
  );
  // What the last prune took for a cliff may be another one than by default.
  const own = await policyOfLastPrune(store, { source, database }, signal);
  const pins = [true, false].flatMap((verified) => {
    const policy = policyOf({ keep: { last: 1 }, verified, cliff: own?.cliff });
    const lines = clusters.flatMap(({ backups }) => decide(backups, policy, now).lines);
    const reasons = lines.find((line) => line.id === id)?.reasons ?? [];
    return reasons.flatMap((one) => (one.kind === 'cliff' ? [one] : []));
  });
  const before = pins.filter(({ side }) => side === 'before');
  if (before.length > 0) return { of: id, isReleased: before.every(({ isReleased }) => isReleased) };
  return { of: pins[0]?.other, isReleased: false };
}
