import { PassThrough, type Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { messageOf } from '../../errors.ts';
import { CopyRowCounter } from '../../postgres/archive/copy-rows.ts';
import { decompressor, UnknownCompression } from '../../postgres/archive/decompress.ts';
import { offer } from '../../process/offer.ts';
import {
  type ArchiveReader,
  broken,
  type Decoding,
  decodingOfProblem,
  decodingOfText,
  undecided,
} from './decoding.ts';

/** Reads a dump that is SQL text, compressed as the end of its name says. No program is needed for it. */
export function startPlainReader(name: string): ArchiveReader {
  try {
    return counting(decompressor(name) ?? new PassThrough());
  } catch (error: unknown) {
    if (!(error instanceof UnknownCompression)) throw error;
    const decoding = undecided(`pgproof has no decoder for ${name}`);
    return { write: async () => {}, end: async () => decoding, abandon: async () => {} };
  }
}

function counting(text: Transform): ArchiveReader {
  const counter = new CopyRowCounter();
  let ended: Decoding | undefined;
  // A listener takes each piece while it is being decoded: none piles up, however well it was compressed.
  text.on('data', (piece: Buffer) => {
    if (ended !== undefined) return;
    try {
      counter.write(piece);
    } catch (error: unknown) {
      ended = decodingOfProblem(error);
    }
  });
  const decoded = finished(text).catch((error: unknown) => {
    ended ??= broken(`it cannot be decompressed: ${messageOf(error)}`);
  });
  return {
    write: (chunk) => offer(text, chunk),
    end: async () => {
      text.end();
      await decoded;
      return ended ?? decodingOfText(counter);
    },
    abandon: async () => {
      text.destroy();
      await decoded;
    },
  };
}
