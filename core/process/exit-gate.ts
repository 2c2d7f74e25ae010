import { Transform } from 'node:stream';
import { assertExitedWell } from './child-failed.ts';
import type { ChildExit } from './run-child.ts';

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
