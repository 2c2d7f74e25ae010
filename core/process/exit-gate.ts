import { Transform } from 'node:stream';
import { PgproofError } from '../errors.ts';
import type { ChildExit } from './run-child.ts';

/** A program ended with a status other than 0, or by a signal. */
export class ChildFailed extends PgproofError {
  override readonly name = 'ChildFailed';
  /** Its plain name: `pg_dump`. */
  readonly program: string;
  readonly exit: ChildExit;

  constructor(program: string, exit: ChildExit) {
    super({
      what: `${program} ${howItEnded(exit)}`,
      got: lastWords(exit.stderrTail),
      fix: adviceFor(exit),
    });
    this.program = program;
    this.exit = exit;
  }
}

/** Throws unless the exit is the one that means success: status 0 and no signal. */
export function assertExitedWell(program: string, exit: ChildExit): void {
  if (exit.code !== 0 || exit.signal !== null) throw new ChildFailed(program, exit);
}

/**
 * Lets bytes pass at once, but lets the stream end only when the program that wrote them is known to have ended
 * well. Otherwise the stream errors: whoever stores it then has to abort, because an end that is not an end is how
 * truncated backups come to be called done.
 */
export function exitGate(program: string, exited: Promise<ChildExit>): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      done(null, chunk);
    },
    flush(done) {
      exited.then((exit) => {
        try {
          assertExitedWell(program, exit);
          done();
        } catch (error: unknown) {
          done(error as Error);
        }
      }, done);
    },
  });
}

function howItEnded({ code, signal }: ChildExit): string {
  return signal === null ? `ended with exit status ${code}` : `was killed by ${signal}`;
}

/**
 * What PostgreSQL's programs say when they fail, without what they say when all is well (`--verbose` reports every
 * table): from the first line marked as an error on.
 */
export function lastWords(stderrTail: string): string | undefined {
  const lines = stderrTail.split('\n').filter((line) => line.trim() !== '');
  const spoken = lines.filter((line) => /\b(error|fatal|panic|detail|hint|warning):/i.test(line));
  const words = (spoken.length > 0 ? spoken : lines.slice(-3)).slice(-8).map(shorten).join('\n');
  return words === '' ? undefined : words;
}

/** A LOCK TABLE names every table there is, a COPY every column. */
function shorten(line: string): string {
  return line.length <= 400 ? line : `${line.slice(0, 399)}…`;
}

/**
 * The one line of a program's words that says most: what the server answered, else the first line, without the
 * program's name in front.
 */
export function gist(words: string): string {
  const fromServer = /Error message from server: (.*)/.exec(words)?.[1];
  return (fromServer ?? words.split('\n')[0] ?? '').replace(/^\w+: (?:error|fatal): /, '');
}

/** Exit reasons that people meet, and what helps; the first that fits is told. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /row-level security|row security/i,
    'Give the role BYPASSRLS (ALTER ROLE … BYPASSRLS), or back up as the owner of the tables.',
  ],
  [
    /permission denied/i,
    'Grant the role what it lacks: GRANT pg_read_all_data TO … is enough for a whole database (PostgreSQL 14 and newer).',
  ],
  [
    /lock timeout|LOCK TABLE .* MODE/i,
    'Something held a lock for longer than the wait allowed; find it in pg_locks, or raise the lock wait.',
  ],
  [
    /conflict with recovery/i,
    'The standby cancelled the dump; raise max_standby_streaming_delay or set hot_standby_feedback = on there.',
  ],
  [
    /server version mismatch/i,
    "A pg_dump of the server's major version or newer is needed: npm run layers -- --major N.",
  ],
  [/No space left on device/i, 'Free or add disk space, then run again.'],
  [
    /server closed the connection|terminating connection|connection to server|could not receive data/i,
    "The connection to the server was lost: look at the server's log for that minute, then run again.",
  ],
  [
    /out of shared memory|max_locks_per_transaction/i,
    'Raise max_locks_per_transaction on the server: a dump locks every table at once.',
  ],
];

function adviceFor(exit: ChildExit): string {
  const words = lastWords(exit.stderrTail) ?? '';
  const known = advice.find(([pattern]) => pattern.test(words));
  if (known !== undefined) return known[1];
  if (exit.signal === 'SIGKILL')
    return 'Most often the machine ran out of memory: give it more, or fewer jobs.';
  return 'Nothing was kept of it. Mend the cause and run again.';
}
