import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCli } from '../build.ts';
import { loadSampleShop } from '../cli/demo/sample-shop.ts';
import { table } from '../cli/output/style.ts';
import { machinePrograms } from '../cli/programs.ts';
import { type FoundTools, NoServerTools } from '../core/postgres/programs/tools.ts';
import { type PrivateServer, withPrivateServer } from '../core/postgres/server/private-server.ts';
import { withVerificationServer } from '../core/postgres/server/verification-server.ts';
import { formatBytes } from '../core/text/units.ts';
import { listNames } from './list-steps.ts';
import { type Measured, measure, type Step } from './measure.ts';
import { benchPrograms } from './programs.ts';
import { startS3Process } from './s3-process.ts';
import { benchSteps, type RestoreTarget, stepNames } from './steps.ts';

/**
 * Side by side, in one run, on one database: pg_dump alone, pgproof, and what people use today. Times are only worth
 * comparing within a run; each is the best of the rounds, which are interleaved.
 */
const { values } = parseArgs({
  options: { scale: { type: 'string', default: '8' }, rounds: { type: 'string', default: '3' } },
});

const { dump, toFile, toS3, pipe, verifyFile, verifyS3, restore, verifyRestore } = stepNames;

/** The targets, each a ratio of two steps or a limit in bytes. */
const targets = [
  { name: 'backup to a file store / pg_dump alone', over: [toFile, dump], most: 1.15 },
  { name: 'backup to S3 / pg_dump alone', over: [toS3, dump], most: 1.3 },
  { name: 'default pipe / backup to S3', over: [pipe, toS3], least: 2.5 },
  { name: 'verify from a file store / pg_dump alone', over: [verifyFile, dump], most: 1 },
  { name: 'verify from S3 / pg_dump alone', over: [verifyS3, dump], most: 1 },
  { name: 'verify by restore / pg_restore -j alone', over: [verifyRestore, restore], most: 2 },
  { name: 'list 2 000 backups / list 20', over: [listNames.many, listNames.few], most: 10 },
  { name: 'list 20 of 2 000 / list 20', over: [listNames.newest, listNames.few], most: 2 },
] as const;
const memoryLimit = 250_000_000;

const programs = await benchPrograms(machinePrograms({ onProgress: (line) => console.error(line) }));
await withPrivateServer({ tools: programs.server, tcp: true }, async (server) => {
  const { client, proof } = programs;
  if (proof instanceof NoServerTools) {
    console.error(`Without what restores. ${proof.message}`);
    await compare(server, client, undefined);
    return;
  }
  const stage = {
    tools: proof.server,
    superuser: 'postgres',
    directory: tmpdir(),
    roomBytes: 20e9,
    jobs: availableParallelism(),
    uncontained: 'own-data' as const,
  };
  await withVerificationServer(stage, ({ server: { parameters } }) =>
    compare(server, client, { parameters, client: proof.client }),
  );
});

async function compare(
  server: PrivateServer,
  client: FoundTools,
  target: RestoreTarget | undefined,
): Promise<void> {
  const { parameters } = server;
  const s3 = await startS3Process('bench');
  const scratch = await mkdtemp(join(tmpdir(), 'pgproof-bench-'));
  await chmod(scratch, 0o755);
  try {
    console.error(`PostgreSQL ${server.version}; making the database …`);
    const { bytes } = await loadSampleShop(parameters, { scale: Number(values.scale) });
    console.error(`${formatBytes(bytes)} on disk; ${values.rounds} rounds`);
    await buildCli();
    const cli = join(import.meta.dirname, '../dist/cli/pgproof.js');
    const { warmUp, steps } = await benchSteps({ parameters, client, cli, s3, scratch, target });
    await measure(warmUp);
    const rounds: Measured[][] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const measured: Measured[] = [];
      for (const step of steps) measured.push(await measure(step));
      rounds.push(measured);
      console.error(
        `round ${round + 1}: ${measured.map(({ name, seconds }) => `${name} ${seconds.toFixed(2)} s`).join(', ')}`,
      );
    }
    report(steps, rounds, bytes);
  } finally {
    s3.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

function report(
  steps: readonly Step[],
  rounds: readonly (readonly Measured[])[],
  databaseBytes: number,
): void {
  const best = new Map<string, { readonly seconds: number; readonly peak: number }>(
    steps.map(({ name }, index) => {
      const all = rounds.flatMap((round) => round[index] ?? []);
      const seconds = Math.min(...all.map((one) => one.seconds));
      return [name, { seconds, peak: Math.max(...all.map((one) => one.peakBytes)) }] as const;
    }),
  );
  const base = best.get(dump)?.seconds ?? Number.NaN;
  const rows = steps.map(({ name, note }) => {
    const { seconds, peak } = best.get(name) ?? { seconds: Number.NaN, peak: 0 };
    const rate = `${formatBytes(databaseBytes / seconds)}/s`;
    return [
      name,
      `${seconds.toFixed(2)} s`,
      rate,
      (seconds / base).toFixed(2),
      formatBytes(peak),
      note ?? '',
    ];
  });
  console.log(`\n${table(['STEP', 'TIME', 'DATABASE', 'RATIO', 'PEAK MEMORY', ''], rows, [1, 2, 3, 4])}\n`);
  const seconds = (name: string): number => best.get(name)?.seconds ?? Number.NaN;
  const measured = targets.filter(({ over }) => over.every((name) => best.has(name)));
  const verdicts = measured.map((target) => {
    const [above, below] = target.over;
    const ratio = seconds(above) / seconds(below);
    const limit = 'most' in target ? `at most ${target.most}` : `at least ${target.least}`;
    const met = 'most' in target ? ratio <= target.most : ratio >= target.least;
    return [target.name, ratio.toFixed(2), limit, met ? 'met' : 'MISSED'];
  });
  const peaks = [...best].filter(([name]) => /pgproof|verify/.test(name)).map(([, { peak }]) => peak);
  const peak = Math.max(...peaks);
  verdicts.push([
    'peak memory of the Node process',
    formatBytes(peak),
    `under ${formatBytes(memoryLimit)}`,
    peak < memoryLimit ? 'met' : 'MISSED',
  ]);
  console.log(table(['TARGET', 'MEASURED', 'LIMIT', ''], verdicts, [1]));
}
