import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { messageOf } from '../errors.ts';
import { majorsOf } from '../manifest/majors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Check, Timings } from '../manifest/verification.ts';
import type { VerificationTools } from '../postgres/programs/obtain.ts';
import type { Isolation } from '../postgres/server/isolation.ts';
import { removeLeftovers } from '../scratch/leftovers.ts';
import { temporaryScratch } from '../scratch/scratch.ts';
import { oneLine } from '../text/one-line.ts';
import { type Level, mayRestore } from '../vocabulary.ts';
import { proveByRestore } from './prove/prove-by-restore.ts';
import { estimateRestore } from './prove/room.ts';
import { restoreLimitSeconds } from './prove/time-limit.ts';
import { type CheckContext, checkStored } from './read/check-stored.ts';
import type { VerifyDependencies, VerifyRequest } from './request.ts';

/** What was found, and the level that it was found at: `auto` is none. */
export type ChecksAtLevel = {
  readonly level: Level;
  readonly checks: readonly Check[];
  /** How the server was held that the backup was restored into. */
  readonly isolation?: Isolation | undefined;
  /** Undefined where the archive was not read whole. */
  readonly timings?: Timings | undefined;
};

/** Does what the level asks for. Rejects only where the signal's reason is to be thrown. */
export async function checksAt(
  manifest: Manifest,
  { id, level, checks = [], without = [], restoreSeconds }: VerifyRequest,
  dependencies: VerifyDependencies,
): Promise<ChecksAtLevel> {
  const { store, tools, onProgress, signal = new AbortController().signal } = dependencies;
  const {
    scratch = temporaryScratch(),
    stallSeconds = 120,
    sandboxPrograms,
    uncontained = 'refused',
  } = dependencies;
  // Every child, connection and read listens to it.
  setMaxListeners(0, signal);
  const totalBytes = manifest.objects.reduce((sum, { bytes }) => sum + bytes, 0);
  const onBytes = (bytes: number): void => onProgress?.({ step: 'reading', bytes, totalBytes });
  const context: CheckContext = { store, id, signal, onBytes, tools, scratch, stallSeconds };
  if (!mayRestore(level)) {
    const { checks: stored, timings } = await checkStored(manifest, level, context);
    return { level, checks: stored, timings };
  }

  // A run that was killed may have filled the room that this one counts on.
  await removeLeftovers(scratch.directory);
  const way = await wayToRestore(manifest, level, context, dependencies);
  if ('reason' in way) {
    const { checks: read, timings } = await checkStored(manifest, 'read', context);
    return { ...notRestored(level, read, way.reason), timings };
  }
  const userChecks = checks.filter(({ database = manifest.database }) => database === manifest.database);
  const limitSeconds = restoreSeconds ?? restoreLimitSeconds(way.seconds);
  const proof = await proveByRestore(manifest, {
    ...context,
    ...way,
    userChecks,
    without,
    limitSeconds,
    sandboxPrograms,
    uncontained,
    onProgress,
  });
  const { refused, isolation, timings } = proof;
  if (refused !== undefined)
    return { ...notRestored(level, proof.checks, oneLine(refused.message)), timings };
  return { level: 'restore', checks: proof.checks, isolation, timings };
}

/** `auto` says why it read only; a restore that was asked for by name is not to be had. */
function notRestored(level: 'restore' | 'auto', read: readonly Check[], reason: string): ChecksAtLevel {
  return level === 'auto'
    ? { level: 'read', checks: [...read, noteOf(reason)] }
    : { level: 'restore', checks: [...read, unverifiable(reason)] };
}

type Way =
  | {
      readonly keepArchive: boolean;
      readonly databaseBytes: number;
      readonly seconds: number;
      readonly serverTools: VerificationTools;
      readonly jobs: number;
    }
  | { readonly reason: string };

/** How a restore can be done here, or why it cannot: found out before anything is downloaded. */
async function wayToRestore(
  manifest: Manifest,
  level: 'restore' | 'auto',
  { scratch }: CheckContext,
  { clock, deadline, verificationTools }: VerifyDependencies,
): Promise<Way> {
  const cores = availableParallelism();
  // A restore that was asked for by name is tried even where it may not be done in time: trying loses nothing.
  const secondsLeft =
    level === 'auto' && deadline !== undefined ? (deadline.getTime() - clock().getTime()) / 1_000 : undefined;
  try {
    const { directory } = scratch;
    const plan = estimateRestore(manifest, {
      freeBytes: await scratch.freeBytes(),
      directory,
      seconds: secondsLeft,
      cores,
    });
    if (plan.kind !== 'fits') return { reason: `${plan.kind}: ${plan.detail}` };
    const serverTools = await verificationTools(majorsOf(manifest).needed);
    const { keepArchive, databaseBytes, seconds } = plan;
    return { keepArchive, databaseBytes, seconds, serverTools, jobs: cores };
  } catch (error: unknown) {
    return { reason: oneLine(messageOf(error)) };
  }
}

function noteOf(reason: string): Check {
  return { name: 'level', status: 'passed', detail: oneLine(`read, not restored: ${reason}`) };
}

function unverifiable(reason: string): Check {
  return { name: 'restore', status: 'unverifiable', detail: oneLine(reason) };
}
