import { resolve } from 'node:path';
import { Command } from 'commander';
import { describeServer } from '../../core/postgres/connect/parameters.ts';
import { withPrivateServer } from '../../core/postgres/server/private-server.ts';
import { withoutSecrets } from '../../core/process/redact.ts';
import type { Source } from '../../core/source/source.ts';
import { fileStore } from '../../core/store/file/file-store.ts';
import type { Store } from '../../core/store/store.ts';
import { formatBytes, formatDuration } from '../../core/text/units.ts';
import { exitStatusOf, tellFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { liveLines, tell } from '../output/edge.ts';
import { styleFor } from '../output/style.ts';
import { machinePrograms } from '../programs.ts';
import { sourceFrom } from '../source.ts';
import { catchFailure } from './catch-failure.ts';
import {
  loadSampleShop,
  loadSmallDatabases,
  type SampleDatabase,
  type SampleProgress,
} from './sample-shop.ts';
import { say, sayStep, takeBackup } from './take-backup.ts';

const style = styleFor(process.stderr);

/** `npm start`: the main job on an embedded default, or on the user's own server. */
async function start(options: { readonly source?: string; readonly into: string }): Promise<void> {
  const directory = resolve(options.into);
  const store = fileStore({ directory });
  const { source } = options;
  await interruptible(async (signal) => {
    if (source === undefined) await onSampleServer(store, directory, signal);
    else {
      const server = await sourceFrom({
        text: source,
        name: undefined,
        store,
        signal,
        onRemark: (line) => tell(process.stderr, [line]),
      });
      await takeBackup(server, store, directory, signal, 'refused');
      say(
        '\nThe part that shows a failure being caught kills the server, so it is left out with a server of yours.',
      );
    }
  });
  say(nextSteps(store, source));
}

async function onSampleServer(store: Store, directory: string, signal: AbortSignal): Promise<void> {
  sayStep(1, 'A private PostgreSQL with a sample shop in it');
  const began = Date.now();
  const tools = await machinePrograms({ signal, onProgress: say }).serverTools();
  await withPrivateServer({ tools, signal }, async (server) => {
    const { parameters } = server;
    say(
      `PostgreSQL ${server.version} is up at ${describeServer(parameters)}, ${formatDuration((Date.now() - began) / 1_000)}`,
    );
    const made: SampleDatabase[] = [
      await loadSampleShop(parameters, { signal, onProgress: showLoading }),
      ...(await loadSmallDatabases(parameters, { signal })),
    ];
    doneLoading();
    for (const { database, bytes, milliseconds } of made) {
      say(`  ${database}: ${formatBytes(bytes)} made in ${formatDuration(milliseconds / 1_000)}`);
    }
    const source: Source = { name: 'demo', resolve: async () => parameters };
    sayStep(2, 'Every database backed up, then proved: restored into a PostgreSQL of its own, and compared');
    // The shop is our own: it is proven on machines without a sandbox too.
    await takeBackup(source, store, directory, signal, 'own-data');
    sayStep(3, 'The server is killed in the middle of a dump');
    await catchFailure({ source, store, signal, kill: () => server.kill() });
  });
}

const loading = await liveLines(process.stderr);

function showLoading({ database, label, step, steps }: SampleProgress): void {
  loading.draw?.([`Making ${database}: ${label} (${step} of ${steps})`]);
}

function doneLoading(): void {
  loading.stop();
}

function nextSteps(store: Store, source: string | undefined): string {
  const own = source === undefined ? 'postgresql://user@host/' : `'${withoutSecrets(source)}'`;
  return `
${style.bold('Next')}
  See what there is     npm run -s pgproof -- list --store ${store.url}
  Restore one           npm run -s pgproof -- restore demo/shop/latest --store ${store.url} --to postgresql://user@host/restored --create
  Your own server       npm start -- --source ${own}
  Your own bucket       npm run -s pgproof -- backup --source ${own} --store s3://bucket/prefix
  Every night, in AWS   put your source into cdk.json, then npx cdk deploy (docs/deploy.md)`;
}

const program = new Command('npm start --')
  .description('backs up a sample shop on a private PostgreSQL, or your own server, and shows the result')
  .option('--source <url>', 'your own server instead, such as postgresql://user@host/')
  .option('--into <directory>', 'where the backups go', 'backups')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(start);

try {
  await program.parseAsync();
} catch (error: unknown) {
  tellFailure(error);
  process.exitCode = exitStatusOf(error);
}
