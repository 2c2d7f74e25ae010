import { constants } from 'node:os';
import { PgproofError, UsageError } from '../../core/errors.ts';
import { type BuiltLayer, buildLayer } from './build-layer.ts';
import { type Architecture, buildRoot, type LayerKind } from './build-root.ts';
import { builtMajors } from './built-majors.ts';
import { help } from './help.ts';
import { describeSize } from './layer-size.ts';
import { debianMajors } from './package-sources.ts';
import { type LayerRequest, parseRequest } from './request.ts';

/*
 * `npm run layers`: see help.ts.
 */

async function main(words: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => stop.abort(signal);
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const request = parseRequest(words);
    if (request === 'help') process.stdout.write(help);
    else await run(request, stop.signal);
    return 0;
  } catch (error: unknown) {
    const { reason } = stop.signal as { reason: unknown };
    if (reason === 'SIGINT' || reason === 'SIGTERM') return 128 + constants.signals[reason];
    say(error instanceof PgproofError ? error.message : String(error instanceof Error ? error.stack : error));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(request: LayerRequest, signal: AbortSignal): Promise<void> {
  const { archs, kinds, update, into = buildRoot() } = request;
  let count = 0;
  for (const kind of kinds) {
    for (const arch of archs) {
      const majors = request.majors ?? (update ? await builtMajors(into, arch, kind) : debianMajors);
      if (majors.length === 0) continue;
      const { extensions, locales, maxAgeDays } = request;
      const wish = { extensions, locales, update, maxAgeDays };
      const layer = await buildLayer({ ...wish, majors, arch, kind, into, onProgress: say, signal });
      tellSizes(layer, arch, kind);
      process.stdout.write(`${layer.directory}\n`);
      count += 1;
    }
  }
  if (count === 0) say(`Nothing is built in ${into} that could be updated.`);
}

/** The client programs of all majors are one layer; a server is one by itself. */
function tellSizes({ majors }: BuiltLayer, arch: Architecture, kind: LayerKind): void {
  const layers = kind === 'client' ? [majors] : majors.map((one) => [one]);
  for (const layer of layers) {
    const size = {
      arch,
      kind,
      majors: layer.map(({ major }) => major),
      bytes: layer.reduce((sum, one) => sum + one.bytes, 0),
      extensions: layer.flatMap(({ extensions }) => extensions),
    };
    for (const line of describeSize(size)) say(line);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
