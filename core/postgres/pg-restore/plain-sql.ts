import { randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';

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
 * commands (`\!`, `\copy … from program`), for only a text that has our random word can leave that mode. The dump's own
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

const makingPublic = Buffer.from('\n--\n\nCREATE SCHEMA public;\n');
/** Schemas are the first that pg_dump writes: so many bytes hold thousands of them. */
const schemasBytes = 512 * 1024;

/**
 * Takes the making of schema `public` out of SQL, which pg_dump writes where schemas were asked for by name: every database
 * has one already.
 */
export function withoutMakingPublic(): Transform {
  let begin: Buffer | undefined = Buffer.alloc(0);
  const open = (all: Buffer): Buffer => {
    begin = undefined;
    const at = all.indexOf(makingPublic);
    return at < 0
      ? all
      : Buffer.concat([all.subarray(0, at), Buffer.from('\n--\n\n'), all.subarray(at + makingPublic.length)]);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (begin === undefined) return done(null, chunk);
      begin = Buffer.concat([begin, chunk]);
      done(null, begin.length < schemasBytes ? undefined : open(begin));
    },
    flush(done) {
      done(null, begin === undefined ? undefined : open(begin));
    },
  });
}
