import { keyOf } from '../manifest/backup-id.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import { temporaryScratch } from '../scratch/scratch.ts';
import type { ArchiveRequest } from './archive-request.ts';
import type { Attempt } from './attempt-context.ts';
import type { DumpRequest } from './start-dump.ts';

export function archiveRequest(
  { id, dependencies, reached, signal, touch, lock }: Attempt,
  dump: DumpOptions,
  databaseBytes: number,
): Omit<ArchiveRequest, 'startDump'> {
  return {
    dump,
    databaseBytes,
    store: dependencies.store,
    scratch: dependencies.scratch ?? temporaryScratch(),
    lock,
    signal,
    key: (name) => keyOf(id, name),
    onBytes: (bytes) => {
      reached.bytes = bytes;
      dependencies.onProgress({ kind: 'bytes', database: id.database, bytes });
    },
    onLife: touch,
  };
}

export function dumpListeners({
  id,
  dependencies,
  reached,
  touch,
}: Attempt): Pick<DumpRequest, 'onTable' | 'onLife'> {
  return {
    onTable: () => {
      reached.tables += 1;
      dependencies.onProgress({ kind: 'table', database: id.database, dumped: reached.tables });
    },
    onLife: touch,
  };
}
