import { PgproofError, UsageError } from '../../functions/shared/errors.ts';
import { buildLayer } from './build-layer.ts';
import { parseRequest } from './request.ts';

/*
 * `npm run layers`: progress goes to standard error, the directory of each layer to standard output. Exit status 0
 * done, 1 failed, 2 called wrongly, 130 interrupted.
 */

async function main(): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new DOMException('interrupted', 'AbortError'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  try {
    const { majors, archs, kind, into } = parseRequest(process.argv.slice(2));
    for (const arch of archs) {
      const layer = await buildLayer({ majors, arch, kind, into, onProgress: say, signal: stop.signal });
      process.stdout.write(`${layer.directory}\n`);
    }
    return 0;
  } catch (error: unknown) {
    if (stop.signal.aborted) return 130;
    say(error instanceof PgproofError ? error.message : String(error instanceof Error ? error.stack : error));
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exitCode = await main();
