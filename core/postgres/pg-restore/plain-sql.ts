import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { PgproofError } from '../../errors.ts';

/** Plain SQL under a name that pgproof has no decoder for. */
export class UnknownCompression extends PgproofError {
  override readonly name = 'UnknownCompression';
}

/**
 * What makes SQL text of a stored object's bytes, by the end of its name.
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

/** fzstd on every Node: node:zlib's own decoder takes a stream that is cut off for whole (docs/decisions/0005). */
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
    done();
  } catch (error: unknown) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Minors from which on psql knows `\restrict` (CVE-2025-8714, August 2025). */
const restrictingMinors: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

/** Whether a psql can be kept from running the commands that a dump brings along. */
export function knowsRestrict(version: string): boolean {
  const [major = 0, minor = 0] = version.split(/\D/).map(Number);
  const least = restrictingMinors[major];
  return least === undefined ? major >= 18 : minor >= least;
}

/**
 * SQL for psql's standard input, in restricted mode from the first byte: the dump cannot run programs by psql's own
 * commands (`\!`, `\copy … from program`), for only who knows our random word may leave that mode. The dump's own
 * `\restrict` before its first statement and `\unrestrict` at its end, which psql would refuse there, are taken out.
 */
export function restricted(): Transform {
  const word = randomBytes(24).toString('hex');
  let begin: Buffer | undefined = Buffer.alloc(0);
  let theirs: string | undefined;
  let end: Buffer = Buffer.alloc(0);
  const withoutEnd = (): string => {
    const text = end.toString('latin1');
    return theirs === undefined ? text : text.replace(`\n\\unrestrict ${theirs}\n`, '\n');
  };
  const pass = (transform: Transform, chunk: Buffer): void => {
    const all = end.length === 0 ? chunk : Buffer.concat([end, chunk]);
    const cut = Math.max(0, all.length - endBytes);
    if (cut > 0) transform.push(all.subarray(0, cut));
    end = Buffer.from(all.subarray(cut));
  };
  const open = (transform: Transform, header: Buffer): void => {
    begin = undefined;
    const text = header.toString('latin1');
    theirs = /^(?:(?:--.*)?\r?\n)*\\restrict (\w+)\r?\n/.exec(text)?.[1];
    transform.push(`\\restrict ${word}\n`);
    pass(
      transform,
      theirs === undefined ? header : Buffer.from(text.replace(`\\restrict ${theirs}`, ''), 'latin1'),
    );
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (begin === undefined) pass(this, chunk);
      else {
        begin = Buffer.concat([begin, chunk]);
        if (begin.length >= headerBytes) open(this, begin);
      }
      done();
    },
    flush(done) {
      if (begin !== undefined) open(this, begin);
      this.push(Buffer.from(withoutEnd(), 'latin1'));
      done();
    },
  });
}

/** pg_dump's first lines are a comment of some sixty bytes, its last ones a comment and the word (63 characters). */
const headerBytes = 4_096;
const endBytes = 1_024;
