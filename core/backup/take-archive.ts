import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import type { StoredFile } from '../manifest/manifest.ts';
import {
  archiveName,
  type DumpPlan,
  dumpArguments,
  expectedArchiveBytes,
} from '../postgres/dump/dump-arguments.ts';
import { type PostgresTools, toolPath } from '../postgres/programs/tools.ts';
import { assertExitedWell, exitGate } from '../process/exit-gate.ts';
import { type RunningChild, startChild } from '../process/run-child.ts';
import { checkScratch } from '../scratch/scratch-too-small.ts';
import { meter } from '../store/meter.ts';
import type { StagedObject, Store } from '../store/store.ts';

/** An archive whose bytes are all in the store, and not yet visible. */
export type TakenArchive = {
  readonly staged: readonly StagedObject[];
  readonly files: readonly StoredFile[];
};

export type ArchiveRequest = {
  readonly plan: DumpPlan;
  readonly databaseBytes: number;
  readonly tools: PostgresTools;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly store: Store;
  /** Full key of an object of this backup, by its name. */
  readonly key: (name: string) => string;
  readonly signal: AbortSignal;
  /** Total of the archive so far. */
  readonly onBytes: (total: number) => void;
  readonly onTable: () => void;
  /** pg_dump holds a lock on every table that it will read. */
  readonly onLocked: () => void;
  /** Anything that shows the dump is alive. */
  readonly onLife: () => void;
};

/** Runs pg_dump and stages what it writes. Whatever goes wrong, nothing is left staged. */
export function takeArchive(request: ArchiveRequest): Promise<TakenArchive> {
  return request.plan.format === 'directory' ? takeDirectory(request) : takeStream(request);
}

function startDump(request: ArchiveRequest, directory?: string): RunningChild {
  let lockingTables = false;
  return startChild({
    file: toolPath(request.tools, 'pg_dump'),
    args: dumpArguments(request.plan, request.tools.major, directory),
    env: request.env,
    redact: request.redact,
    signal: request.signal,
    onStderrLine: (line) => {
      request.onLife();
      // It locks the tables while it reads their list; what it does next comes after that.
      if (lockingTables && !line.startsWith('pg_dump: error:')) request.onLocked();
      lockingTables = line === 'pg_dump: reading user-defined tables';
      if (line.startsWith('pg_dump: dumping contents of table')) request.onTable();
    },
  });
}

async function takeStream(request: ArchiveRequest): Promise<TakenArchive> {
  const { plan, store, signal } = request;
  const child = startDump(request);
  const measured = meter((total) => {
    request.onLife();
    request.onBytes(total);
  });
  // The store reads `measured`; an error anywhere in the chain reaches it there, so this promise says nothing new.
  pipeline(child.stdout, exitGate('pg_dump', child.exited), measured).catch(() => undefined);
  const name = archiveName(plan.format, plan.compression);
  try {
    const staged = await store.stage(request.key(name), measured, {
      expectedBytes: expectedArchiveBytes(request.databaseBytes, plan.compression),
      signal,
    });
    const file = { role: 'archive', name, bytes: measured.bytes(), sha256: measured.sha256() } as const;
    return { staged: [staged], files: [file] };
  } catch (error: unknown) {
    child.kill();
    throw error;
  }
}

/** How many of a directory's files go into the store at once. */
const uploadsAtOnce = 4;

/** pg_dump's workers write files of their own, so this format alone needs room on a disk. */
async function takeDirectory(request: ArchiveRequest): Promise<TakenArchive> {
  const { plan, signal } = request;
  const scratch = await mkdtemp(join(tmpdir(), 'pgproof-dump-'));
  try {
    await checkScratch(scratch, expectedArchiveBytes(request.databaseBytes, plan.compression));
    const directory = join(scratch, 'archive');
    const child = startDump(request, directory);
    const growth = watchGrowth(directory, (bytes) => {
      request.onLife();
      request.onBytes(bytes);
    });
    try {
      child.stdout.resume();
      assertExitedWell('pg_dump', await child.exited);
    } finally {
      growth.stop();
    }
    return await stageDirectory(request, directory, signal);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function stageDirectory(
  request: ArchiveRequest,
  directory: string,
  signal: AbortSignal,
): Promise<TakenArchive> {
  const names = (await readdir(directory)).sort();
  const limit = pLimit(uploadsAtOnce);
  const outcomes = await Promise.allSettled(
    names.map((name) =>
      limit(async () => {
        signal.throwIfAborted();
        const path = join(directory, name);
        const { size } = await stat(path);
        const measured = meter(request.onLife);
        const source: Readable = createReadStream(path, { highWaterMark: 1024 * 1024 });
        pipeline(source, measured).catch(() => undefined);
        const inStore = `archive/${name}`;
        const staged = await request.store.stage(request.key(inStore), measured, {
          expectedBytes: size,
          signal,
        });
        const file = {
          role: 'archive',
          name: inStore,
          bytes: measured.bytes(),
          sha256: measured.sha256(),
        } as const;
        return { staged, file };
      }),
    ),
  );
  const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await Promise.all(taken.map(({ staged }) => staged.abort()));
    throw failure.reason;
  }
  return { staged: taken.map(({ staged }) => staged), files: taken.map(({ file }) => file) };
}

/** The sum of the files' sizes, every second, while it changes. */
function watchGrowth(directory: string, onGrowth: (bytes: number) => void): { stop: () => void } {
  let last = 0;
  const timer = setInterval(async () => {
    const bytes = await sizeOf(directory).catch(() => last);
    if (bytes !== last) onGrowth(bytes);
    last = bytes;
  }, 1_000);
  return { stop: () => clearInterval(timer) };
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map((name) => stat(join(directory, name)).then(({ size }) => size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
