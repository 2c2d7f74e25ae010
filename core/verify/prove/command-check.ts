import { checkSeconds } from '../../config/checks.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import type { RunProgram } from '../../postgres/server/program-runner.ts';
import { oneLine } from '../../text/one-line.ts';
import type { Answer } from './user-checks.ts';

/**
 * A check that is a program: it gets the restored database's connection in its environment, as psql takes it, and nothing
 * else. Exit status 0 is true, 1 is false; whatever else decides nothing, for no fault of the backup was found by it.
 */
export function commandCheck(
  runProgram: RunProgram,
  { user, database, options }: ConnectionParameters,
  signal: AbortSignal,
): (command: readonly string[], limitSeconds: number | undefined) => Promise<Answer> {
  return async (command, limitSeconds = checkSeconds.default) => {
    const { code, reason, output } = await runProgram({
      command,
      limitSeconds,
      signal,
      env: {
        PGUSER: user,
        PGDATABASE: database,
        ...(options === undefined ? {} : { PGOPTIONS: options }),
      },
    });
    const said = oneLine(output, { squeeze: true, limit: 400 });
    if (code === 0) return true;
    if (code === 1) return said === '' ? false : { untrue: said };
    const how = reason ?? `exit status ${code}, where 0 is true and 1 is false`;
    return { undecided: `${how}${said === '' ? '' : `: ${said}`}` };
  };
}
