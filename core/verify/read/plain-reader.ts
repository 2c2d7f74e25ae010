import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { messageOf } from '../../errors.ts';
import { CopyRowCounter } from '../../postgres/archive/copy-rows.ts';
import { SqlUnreadable } from '../../postgres/archive/sql-text.ts';
import { offer } from '../../process/offer.ts';
import {
  type ArchiveReader,
  broken,
  type DataReading,
  readingOfProblem,
  readingOfText,
  undecided,
} from './reading.ts';

/** Reads a dump that is SQL text, compressed as the end of its name says. No program is needed for it. */
export function startPlainReader(name: string): ArchiveReader {
  if (name.endsWith('.sql'))
    return pushed((counter) => ({ push: (chunk) => counter.write(chunk), end: () => {} }));
  if (name.endsWith('.sql.zst')) return pushed(zstd);
  if (name.endsWith('.sql.gz')) return gzip();
  const detail = undecided(`pgproof has no decoder for ${name}`);
  return { write: async () => {}, end: async () => detail, abandon: async () => {} };
}

type Decoder = { readonly push: (chunk: Buffer) => void; readonly end: () => void };

/** Decoders that hand on what they decode before they return: nothing piles up, however well it was compressed. */
function pushed(decoder: (counter: CopyRowCounter) => Decoder): ArchiveReader {
  const counter = new CopyRowCounter();
  const { push, end } = decoder(counter);
  let given: DataReading | undefined;
  const guard = (work: () => void): void => {
    try {
      if (given === undefined) work();
    } catch (error: unknown) {
      given = error instanceof SqlUnreadable ? readingOfProblem(error) : undecodable(error);
    }
  };
  return {
    write: async (chunk) => guard(() => push(chunk)),
    end: async () => {
      guard(end);
      return given ?? readingOfText(counter);
    },
    abandon: async () => {},
  };
}

/**
 * fzstd on every Node: node:zlib's own decoder (22.15 on) takes a stream that is cut off for whole (22), ignores what
 * follows a frame, and stops at the second frame of several.
 */
function zstd(counter: CopyRowCounter): Decoder {
  const decompress = new Decompress((piece) =>
    counter.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)),
  );
  return { push: (chunk) => decompress.push(chunk), end: () => decompress.push(new Uint8Array(0), true) };
}

function gzip(): ArchiveReader {
  const counter = new CopyRowCounter();
  const gunzip = createGunzip();
  let given: DataReading | undefined;
  const counted = (async () => {
    try {
      for await (const chunk of gunzip as AsyncIterable<Buffer>) counter.write(chunk);
    } catch (error: unknown) {
      given = error instanceof SqlUnreadable ? readingOfProblem(error) : undecodable(error);
    }
  })();
  return {
    write: (chunk) => offer(gunzip, chunk),
    end: async () => {
      gunzip.end();
      await counted;
      return given ?? readingOfText(counter);
    },
    abandon: async () => {
      gunzip.destroy();
      await counted;
    },
  };
}

function undecodable(error: unknown): DataReading {
  return broken(`it cannot be decompressed: ${messageOf(error)}`);
}
