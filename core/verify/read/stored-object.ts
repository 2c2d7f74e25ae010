import { addAbortSignal } from 'node:stream';
import { messageOf } from '../../errors.ts';
import { type BackupId, keyOf } from '../../manifest/backup-id.ts';
import type { StoredFile } from '../../manifest/manifest.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { measure } from '../../store/meter.ts';
import { ObjectMissing, type Store } from '../../store/store.ts';
import { oneLine } from '../../text/one-line.ts';

/** What came of reading one stored object from its first byte to its last. */
export type StoredObjectResult =
  | { readonly kind: 'whole'; readonly file: StoredFile; readonly bytes: number; readonly sha256: string }
  | { readonly kind: 'missing'; readonly file: StoredFile }
  /** The store, the network or the clock ended it: says nothing about the backup. */
  | {
      readonly kind: 'interrupted';
      readonly file: StoredFile;
      readonly bytes: number;
      readonly reason: string;
    };

export type StoredObjectContext = {
  readonly store: Store;
  readonly id: BackupId;
  readonly signal: AbortSignal;
  /** Told of every piece that came. */
  readonly onBytes: (bytes: number) => void;
};

/**
 * Reads an object once, for its size, its SHA-256 and whatever `take` makes of it. Goes on to the last byte even
 * when `take` has no more use for it, because the hash does. Never rejects.
 */
export async function readStored(
  file: StoredFile,
  context: StoredObjectContext,
  take?: (chunk: Buffer) => Promise<void>,
): Promise<StoredObjectResult> {
  const { store, id, signal, onBytes } = context;
  const { add, bytes, sha256 } = measure();
  try {
    signal.throwIfAborted();
    const content = addAbortSignal(signal, await store.read(keyOf(id, file.name), { signal }));
    for await (const chunk of content as AsyncIterable<Buffer>) {
      add(chunk);
      onBytes(chunk.length);
      await take?.(chunk);
    }
    return { kind: 'whole', file, bytes: bytes(), sha256: sha256() };
  } catch (error: unknown) {
    if (signal.aborted) return { kind: 'interrupted', file, bytes: bytes(), reason: stopReason(signal) };
    if (error instanceof ObjectMissing) return { kind: 'missing', file };
    return { kind: 'interrupted', file, bytes: bytes(), reason: oneLine(messageOf(error)) };
  }
}
