import { messageOf } from '../../errors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import type { Check, Timings } from '../../manifest/verification.ts';
import { withoutNames } from '../../postgres/pg-restore/reason.ts';
import type { Isolation } from '../../postgres/server/isolation.ts';
import { CannotBeContained } from '../../postgres/server/uncontained.ts';
import { withVerificationServer } from '../../postgres/server/verification-server.ts';
import { Interrupted } from '../../process/interrupted.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { withScratchDirectory } from '../../scratch/scratch.ts';
import { oneLine } from '../../text/one-line.ts';
import { checkStored, type StoredChecks } from '../read/check-stored.ts';
import type { ProofContext } from './context.ts';
import { type RestoredAndCompared, restoreAndCompare } from './restore-and-compare.ts';
import { withTimeLimit } from './time-limit.ts';

/** What a restore came to: its checks, those of the levels below first, and how the server was held. */
export type Proof = {
  readonly checks: readonly Check[];
  readonly isolation?: Isolation | undefined;
  /** How long it took; undefined where the archive was not read whole. */
  readonly timings?: Timings | undefined;
  /** Nothing was restored: the server could not be held here. */
  readonly refused?: CannotBeContained | undefined;
};

/**
 * Level `restore`: the levels below it, and unless they failed the backup is restored into a private server and
 * compared. The server is made while the archive is read. Never rejects; server and files are gone afterwards.
 */
export async function proveByRestore(manifest: Manifest, context: ProofContext): Promise<Proof> {
  try {
    return await withScratchDirectory(context.scratch, async (directory) => {
      const keepIn = context.keepArchive ? directory : undefined;
      const checking = checkStored(manifest, 'read', { ...context, keepIn });
      const proof = await restoreChecks(manifest, directory, checking, context).catch(
        (error: unknown): Proof =>
          error instanceof CannotBeContained
            ? { checks: [], refused: error }
            : { checks: [limitOf(error, context)] },
      );
      const stored = await checking;
      const { timings } = stored;
      if (isFailed(stored)) return { checks: stored.checks, timings };
      return { timings, ...proof, checks: [...stored.checks, ...proof.checks] };
    });
  } catch (error: unknown) {
    return { checks: [limitOf(error, context)] };
  }
}

async function restoreChecks(
  manifest: Manifest,
  directory: string,
  checking: Promise<StoredChecks>,
  context: ProofContext,
): Promise<Proof> {
  const { serverTools, databaseBytes, jobs, scratch, signal, onProgress } = context;
  const { limitSeconds, sandboxPrograms, uncontained } = context;
  onProgress?.({ step: 'starting', version: serverTools.server.version });
  const options = {
    tools: serverTools.server,
    superuser: manifest.globals.bootstrapRole ?? 'postgres',
    directory: scratch.directory,
    roomBytes: databaseBytes,
    besideBytes: context.keepArchive ? archiveBytes(manifest) : 0,
    jobs: jobs + comparingConnections,
    // pg_dump lists neither an extension's libraries nor what they must be told.
    preload: { extensions: manifest.extensions.map(({ name }) => name), database: manifest.database },
    sandboxPrograms,
    uncontained,
    limitSeconds: limitSeconds * 2,
    signal,
  };
  return await withVerificationServer(options, async (verification) => {
    const { isolation } = verification;
    const stored = await checking;
    // What is not whole, or not what was recorded, is not worth a restore.
    if (isFailed(stored)) return { checks: [] };
    signal.throwIfAborted();
    const { checks, timings: ofRestore } = await withTimeLimit(
      {
        server: verification.server.parameters,
        seconds: limitSeconds,
        signal: AbortSignal.any([signal, verification.noRoom]),
      },
      async (limited) => {
        const limitedContext = { ...context, signal: limited, verification, stored, directory };
        return await restoreAndCompare(manifest, limitedContext).catch(
          (error: unknown): RestoredAndCompared => ({ checks: [limitOf(error, limitedContext)] }),
        );
      },
    );
    const timings = stored.timings && { ...stored.timings, ...ofRestore };
    return { checks, isolation, timings };
  });
}

/** Beside those that count rows: schema, state, catalog, checks, and pg_dump. */
const comparingConnections = 6;

function isFailed({ checks }: StoredChecks): boolean {
  return checks.some(({ status }) => status === 'failed');
}

/** Of the file system's and of the server's (disk_full): their words may quote anything. */
const noRoomCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', '53100']);

function isNoRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return noRoomCodes.has(code) || noRoomWords.test(withoutNames(error.message)) || isNoRoom(error.cause);
}

/** What a program of PostgreSQL's that made or started the server said has no code. */
const noRoomWords = /No space left on device|Disk quota exceeded/;

/** What ended it says nothing about the backup, whose faults are checks. */
function limitOf(error: unknown, { signal, scratch }: Pick<ProofContext, 'signal' | 'scratch'>): Check {
  const reason =
    signal.aborted && !(signal.reason instanceof Interrupted)
      ? stopReason(signal)
      : isNoRoom(error)
        ? `no room in ${scratch.directory}: ${messageOf(error)}`
        : messageOf(error);
  return { name: 'restore', status: 'unverifiable', detail: oneLine(reason) };
}
