import { resolve } from 'node:path';
import { Command } from 'commander';
import { describeServer } from '../../core/postgres/connect/parameters.ts';
import { withPrivateServer } from '../../core/postgres/server/private-server.ts';
import { withoutSecrets } from '../../core/process/redact.ts';
import type { Source } from '../../core/source/source.ts';
import { fileStore } from '../../core/store/file/file-store.ts';
import type { Store } from '../../core/store/store.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { formatBytes, formatDuration } from '../../core/text/units.ts';
import { exitStatusOf, tellFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { liveLines, tell } from '../output/edge.ts';
import { styleFor } from '../output/style.ts';
import { machinePrograms } from '../programs.ts';
import { sourceFrom } from '../source.ts';
import { catchFailure } from './catch-failure.ts';
import { findLostRow, type LostRow } from './find-lost-row.ts';
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
  const lost = await interruptible(async (signal) => {
    if (source === undefined) return await onSampleServer(store, directory, signal);
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
        '\nThe parts that lose a row and catch a failure change and kill the server, so they are left out with a server of yours.',
      );
      return undefined;
    }
  });
  say(nextSteps(store, source, lost));
}

async function onSampleServer(store: Store, directory: string, signal: AbortSignal): Promise<LostRow> {
  sayStep(1, 'A private PostgreSQL with a sample shop in it');
  const began = Date.now();
  const tools = await machinePrograms({ signal, onProgress: say }).serverTools();
  return await withPrivateServer({ tools, signal }, async (server) => {
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
    sayStep(3, 'An order is deleted, and found in the backup');
    const lost = await findLostRow({ shop: parameters, store, signal });
    sayStep(4, 'The server is killed in the middle of a dump');
    await catchFailure({ source, store, signal, kill: () => server.kill() });
    return lost;
  });
}

const loading = await liveLines(process.stderr);

function showLoading({ database, label, step, steps }: SampleProgress): void {
  loading.draw?.([`Making ${database}: ${label} (${step} of ${steps})`]);
}

function doneLoading(): void {
  loading.stop();
}

/** Those of the first part work as they stand. */
function nextSteps(store: Store, source: string | undefined, lost: LostRow | undefined): string {
  const own = source === undefined ? 'postgresql://user@host/' : shellWord(withoutSecrets(source));
  const at = `--store ${shellWord(store.url)}`;
  const run = 'npm run -s pgproof --';
  const look = [
    `  Look into one         ${run} shell demo/shop/latest ${at}`,
    `  Find that order       ${run} shell demo/shop/latest ${at} --table shop.orders -c ${shellWord(lost?.sql ?? '')}`,
  ];
  const isHeld = lost?.isolation.kind === 'sandboxed';
  const lines = [
    '',
    style.bold('Next'),
    `  See what there is     ${run} list ${at}`,
    ...(lost === undefined ? [] : [`  What is in one        ${run} show demo/shop/latest ${at}`]),
    ...(isHeld ? look : []),
    '',
    style.bold('With your own'),
    `  Your server           npm start -- --source ${own}`,
    `  Your bucket           ${run} backup --source ${own} --store s3://bucket/prefix`,
    '  Every night, in AWS   put your source into cdk.json, then npx cdk deploy (docs/deploy.md)',
    '  Every night, by cron  docs/install.md',
  ];
  if (lost !== undefined && !isHeld)
    lines.push(
      `  Look into a backup    pgproof shell, where something contains it: here nothing does (${lost.isolation.detail})`,
    );
  return lines.join('\n');
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
