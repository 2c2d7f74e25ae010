import { pipeline } from 'node:stream/promises';
import { archiveName, expectedArchiveBytes } from '../postgres/dump/dump-arguments.ts';
import { exitGate } from '../process/exit-gate.ts';
import { meter } from '../store/meter.ts';
import type { ArchiveRequest, TakenArchive } from './archive-request.ts';
import { takeDirectory } from './take-directory.ts';

/** Runs pg_dump and stages what it writes. Whatever goes wrong, nothing is left staged. */
export function takeArchive(request: ArchiveRequest): Promise<TakenArchive> {
  return request.dump.format === 'directory' ? takeDirectory(request) : takeStream(request);
}

async function takeStream(request: ArchiveRequest): Promise<TakenArchive> {
  const { dump, store, signal } = request;
  const child = request.startDump();
  const measured = meter((total) => {
    request.onLife();
    request.onBytes(total);
  });
  // The store reads `measured`; an error anywhere in the chain reaches it there, so this promise says nothing new.
  pipeline(child.stdout, exitGate('pg_dump', child.exited), measured).catch(() => undefined);
  const name = archiveName(dump.format, dump.compression);
  try {
    const staged = await store.stage(request.key(name), measured, {
      expectedBytes: expectedArchiveBytes(request.databaseBytes, dump.compression),
      lock: request.lock(),
      signal,
    });
    const file = { role: 'archive', name, bytes: measured.bytes(), sha256: measured.sha256() } as const;
    return { staged: [staged], files: [file] };
  } catch (error: unknown) {
    child.kill();
    throw error;
  }
}
