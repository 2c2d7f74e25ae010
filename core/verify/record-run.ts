import { setTimeout as wait } from 'node:timers/promises';
import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import { serialize, verificationName } from '../manifest/manifest.ts';
import { withRun } from '../manifest/verdict-in-force.ts';
import type { Check, Verification } from '../manifest/verification.ts';
import type { Verified } from '../manifest/verified.ts';
import { ObjectChanged, ObjectExists, type Store } from '../store/store.ts';
import { type KeptBeside, whatWasThere } from './what-was-there.ts';

/** Each time another verification of the same backup got in first; there are hardly as many. */
const attempts = 12;
const pauseMs = 25;

/**
 * Puts a run into the document beside the manifest, with what other runs have written there meanwhile. What lay there
 * and cannot be carried on is kept under another name first.
 * @param run with the manifest's SHA-256
 * @returns the run, and the verdict in force where that is another
 * @throws ObjectChanged where others wrote all the time; VerificationOfNewer; StoreUnusable
 */
export async function recordRun(store: Store, id: BackupId, run: Verification): Promise<Verified> {
  const key = keyOf(id, verificationName);
  for (let attempt = 1; ; attempt += 1) {
    const there = await store.readVersion(key);
    const { before, setAside, keep } = whatWasThere(there?.content, key, id, run.manifestSha256 ?? '');
    if (keep !== undefined) await keepBeside(store, id, keep);
    const told = keep === undefined ? run : { ...run, checks: [...run.checks, keptCheck(keep)] };
    const keptBeside = [...(before?.keptBeside ?? []), ...(keep === undefined ? [] : [keep.name])];
    const document = {
      ...withRun(before, told, setAside),
      ...(keptBeside.length === 0 ? {} : { keptBeside }),
    };
    try {
      await store.replaceIf(key, serialize(document), there?.version);
      return verifiedOf(told, document);
    } catch (error: unknown) {
      if (!(error instanceof ObjectChanged) || attempt === attempts) throw error;
      await wait(Math.random() * pauseMs * attempt);
    }
  }
}

async function keepBeside(store: Store, id: BackupId, { name, content }: KeptBeside): Promise<void> {
  try {
    await store.create(keyOf(id, name), content);
  } catch (error: unknown) {
    // Its name is that of its content: another run has kept the same.
    if (!(error instanceof ObjectExists)) throw error;
  }
}

/** It says nothing about the backup, but that an older verdict is not counted any more. */
function keptCheck({ name, why }: KeptBeside): Check {
  return {
    name: 'history',
    status: 'passed',
    detail: `what lay there as ${verificationName} counts for nothing (${why}) and is kept as ${name}`,
  };
}

function verifiedOf(run: Verification, { history: _, ...inForce }: Verification): Verified {
  const isSame = inForce.startedAt === run.startedAt && inForce.finishedAt === run.finishedAt;
  return isSame && inForce.verdict === run.verdict ? inForce : { ...run, inForce };
}
