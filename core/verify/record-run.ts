import { setTimeout as wait } from 'node:timers/promises';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { ManifestUnreadable, serialize, verificationName } from '../manifest/manifest.ts';
import { pastRun, withRun } from '../manifest/verdict-in-force.ts';
import {
  type PastRun,
  parseVerification,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import type { Verified } from '../manifest/verified.ts';
import { ObjectChanged, type Store } from '../store/store.ts';

/** Each time another verification of the same backup got in first; there are hardly as many. */
const attempts = 12;
const pauseMs = 25;

/**
 * Puts a run into the document beside the manifest, with what other runs have written there meanwhile.
 * @param run with the manifest's SHA-256
 * @returns the run, and the verdict in force where that is another
 * @throws ObjectChanged where others wrote all the time; StoreUnusable
 */
export async function recordRun(store: Store, id: BackupId, run: Verification): Promise<Verified> {
  const key = keyOf(id, verificationName);
  for (let attempt = 1; ; attempt += 1) {
    const there = await store.readVersion(key);
    const { before, setAside } = whatWasThere(there?.content, key, id, run.manifestSha256 ?? '');
    const document = withRun(before, run, setAside);
    try {
      await store.replaceIf(key, serialize(document), there?.version);
      return verifiedOf(run, document);
    } catch (error: unknown) {
      if (!(error instanceof ObjectChanged) || attempt === attempts) throw error;
      await wait(Math.random() * pauseMs * attempt);
    }
  }
}

/** What counts of an older document; one that is unreadable is written over, as nothing can be made of it. */
function whatWasThere(
  content: Buffer | undefined,
  key: string,
  id: BackupId,
  sha256: string,
): { readonly before?: Verification; readonly setAside: readonly PastRun[] } {
  if (content === undefined) return { setAside: [] };
  let before: Verification;
  try {
    before = parseVerification(content, key);
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return { setAside: [] };
    throw error;
  }
  const { source, database } = id;
  const here = { id: formatId(id), source, database };
  if (whyCountsAsNone(before, { ...here, sha256 }) === undefined) return { before, setAside: [] };
  // Of this backup, when its manifest was another one: told as history, and counted for nothing.
  const isOfOther = whyCountsAsNone(before, { ...here, sha256: before.manifestSha256 ?? sha256 });
  return {
    setAside: isOfOther === undefined ? [pastRun(before), ...(before.history ?? [])] : [],
  };
}

function verifiedOf(run: Verification, { history: _, ...inForce }: Verification): Verified {
  const isSame = inForce.startedAt === run.startedAt && inForce.finishedAt === run.finishedAt;
  return isSame && inForce.verdict === run.verdict ? inForce : { ...run, inForce };
}
