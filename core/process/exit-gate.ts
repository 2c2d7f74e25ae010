import { Transform } from 'node:stream';
import { assertExitedWell } from './child-failed.ts';
import type { ChildExit } from './run-child.ts';

/**
 * Lets bytes pass at once, but lets the stream end only when the program that wrote them is known to have ended
 * well. Otherwise the stream errors, so that the store aborts: a stream that ends before its program is done would make
 * a truncated backup look complete.
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
