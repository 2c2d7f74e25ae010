import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { buildCli } from '../build.ts';
import { loadSampleShop } from '../cli/demo/sample-shop.ts';
import { table } from '../cli/output/style.ts';
import { machinePrograms } from '../cli/programs.ts';
import { childEnvironment } from '../core/postgres/connect/child-environment.ts';
import { toolPath } from '../core/postgres/programs/tools.ts';
import { type PrivateServer, withPrivateServer } from '../core/postgres/server/private-server.ts';
import { withVerificationServer } from '../core/postgres/server/verification-server.ts';
import { formatBytes } from '../core/text/units.ts';
import { type Measured, measure, type Step } from './measure.ts';
import { findAws, startS3Process } from './s3-process.ts';

/**
 * Side by side, in one run, on one database: pg_dump alone, pgproof, and what people use today. Times are only worth
 * comparing within a run; each is the best of the rounds, which are interleaved.
 */
const { values } = parseArgs({
  options: { scale: { type: 'string', default: '8' }, rounds: { type: 'string', default: '3' } },
});

/** The targets, each a ratio of two steps or a limit in bytes. */
const targets = [
  { name: 'backup to a file store / pg_dump alone', over: ['pgproof to file', 'pg_dump zstd:1'], most: 1.15 },
  { name: 'backup to S3 / pg_dump alone', over: ['pgproof to S3', 'pg_dump zstd:1'], most: 1.3 },
  { name: 'default pipe / backup to S3', over: ['pg_dump -Fc | aws', 'pgproof to S3'], least: 2.5 },
  { name: 'verify from a file store / pg_dump alone', over: ['verify from file', 'pg_dump zstd:1'], most: 1 },
  { name: 'verify from S3 / pg_dump alone', over: ['verify from S3', 'pg_dump zstd:1'], most: 1 },
  { name: 'verify by restore / pg_restore -j alone', over: ['verify by restore', 'pg_restore -j'], most: 2 },
] as const;
const memoryLimit = 250_000_000;

const programs = machinePrograms({ onProgress: (line) => console.error(line) });
const tools = await programs.serverTools();
await withPrivateServer({ tools, tcp: true }, async (server) => {
  const scratch = await mkdtemp(join(tmpdir(), 'pgproof-bench-'));
  await chmod(scratch, 0o755);
  const stage = {
    tools: server.tools,
    superuser: 'postgres',
    directory: tmpdir(),
    roomBytes: 20e9,
    jobs: availableParallelism(),
  };
  await withVerificationServer(stage, async ({ server: target }) => {
    await compare(server, target, scratch);
  });
});

async function compare(server: PrivateServer, target: PrivateServer, scratch: string): Promise<void> {
  const s3 = await startS3Process('bench');
  try {
    console.error(`PostgreSQL ${server.version}; making the database …`);
    const { bytes } = await loadSampleShop(server.parameters, { scale: Number(values.scale) });
    console.error(`${formatBytes(bytes)} on disk; ${values.rounds} rounds`);
    const cli = join(import.meta.dirname, '../dist/cli/pgproof.js');
    await buildCli();
    const env = {
      ...childEnvironment(server.parameters),
      PGDATABASE: 'shop',
      PATH: process.env.PATH ?? '',
      HOME: scratch,
    };
    const awsEnv = { ...env, ...s3.environment, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    const dump = toolPath(server.tools, 'pg_dump');
    const file = `file://${scratch}/store`;
    const node = process.execPath;
    const backup = [cli, 'backup', '--name', 'bench', '--database', 'shop', '--verify', 'none', '--store'];
    const verify = [cli, 'verify', 'bench/shop/latest', '--store'];
    const aws = await findAws();
    const pipe: Step =
      aws === undefined
        ? {
            name: 'pg_dump -Fc | aws',
            note: 'no AWS command line here: to /dev/null instead',
            file: dump,
            args: ['-Fc', 'shop'],
            env,
          }
        : {
            name: 'pg_dump -Fc | aws',
            file: dump,
            args: ['-Fc', 'shop'],
            env,
            into: {
              ...aws,
              args: [
                ...aws.args,
                's3',
                'cp',
                '-',
                's3://bench/pipe.dump',
                '--endpoint-url',
                s3.environment.AWS_ENDPOINT_URL,
              ],
              env: { ...(process.env as Record<string, string>), ...s3.environment },
            },
          };
    const steps: Step[] = [
      { name: 'pg_dump zstd:1', file: dump, args: ['-Fc', '--compress=zstd:1', 'shop'], env },
      { name: 'pgproof to file', file: node, args: [...backup, file], env },
      { name: 'pgproof to S3', file: node, args: [...backup, 's3://bench/p'], env: awsEnv },
      pipe,
      { name: 'verify from file', file: node, args: [...verify, file], env },
      { name: 'verify from S3', file: node, args: [...verify, 's3://bench/p'], env: awsEnv },
      restoreStep(target, scratch),
      { name: 'verify by restore', file: node, args: [...verify, file, '--level', 'restore'], env },
    ];
    // Everything is read once before anything counts.
    await measure({ name: 'warm up', file: dump, args: ['-Fc', '--compress=none', 'shop'], env });
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

/** pg_restore alone, into a server like the verifier's, of the backup that was just made. */
function restoreStep(target: PrivateServer, scratch: string): Step {
  const archive = join(scratch, 'newest.dump');
  const env = childEnvironment(target.parameters);
  const psql = (args: readonly string[]): Promise<unknown> =>
    promisify(execFile)(toolPath(target.tools, 'psql'), ['-X', '-q', '-d', 'postgres', ...args], { env });
  return {
    name: 'pg_restore -j',
    before: async () => {
      const [newest] = (await readdir(join(scratch, 'store/bench/shop'))).sort().reverse();
      const backup = join(scratch, 'store/bench/shop', newest ?? '');
      await copyFile(join(backup, 'archive.dump'), archive);
      await psql(['-c', 'drop database if exists shop']);
      await psql(['-f', join(backup, 'globals.sql')]);
    },
    file: toolPath(target.tools, 'pg_restore'),
    args: ['--create', '--dbname=postgres', `--jobs=${availableParallelism()}`, archive],
    env,
  };
}

function report(
  steps: readonly Step[],
  rounds: readonly (readonly Measured[])[],
  databaseBytes: number,
): void {
  const best = new Map(
    steps.map(({ name }, index) => {
      const all = rounds.flatMap((round) => round[index] ?? []);
      const seconds = Math.min(...all.map((one) => one.seconds));
      return [name, { seconds, peak: Math.max(...all.map((one) => one.peakBytes)) }] as const;
    }),
  );
  const base = best.get('pg_dump zstd:1')?.seconds ?? Number.NaN;
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
  const verdicts = targets.map((target) => {
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
