import { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { PgproofError } from '../../errors.ts';

/** Plain SQL under a name that pgproof has no decoder for. */
export class UnknownCompression extends PgproofError {
  override readonly name = 'UnknownCompression';
}

/**
 * What makes SQL text of a stored object's bytes, by the end of its name; undefined where they are text already.
 * @throws UnknownCompression
 */
export function decompressor(name: string): Transform | undefined {
  if (name.endsWith('.sql')) return undefined;
  if (name.endsWith('.sql.gz')) return createGunzip();
  if (name.endsWith('.sql.zst')) return unzstd();
  throw new UnknownCompression({
    what: 'There is no decoder for this archive',
    got: name,
    expected: '.sql, .sql.gz or .sql.zst',
    fix: 'Decompress it by hand and restore it with psql.',
  });
}

/**
 * fzstd on every Node: node:zlib's own decoder (22.15 on) takes a stream that is cut off for whole (22), ignores what
 * follows a frame, and stops at the second frame of several (docs/decisions/0004).
 */
function unzstd(): Transform {
  const decompress = new Decompress((piece) => {
    transform.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  });
  const transform = new Transform({
    transform: (chunk: Buffer, _encoding, done) => attempt(() => decompress.push(chunk), done),
    flush: (done) => attempt(() => decompress.push(new Uint8Array(0), true), done),
  });
  return transform;
}

function attempt(work: () => void, done: (error?: Error | null) => void): void {
  try {
    work();
  } catch (error: unknown) {
    done(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  done();
}
