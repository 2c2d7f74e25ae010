import { execFile } from 'node:child_process';
import { copyFile, readdir } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Compression, formatCompression } from '../core/config/compression.ts';
import { childEnvironment } from '../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../core/postgres/connect/parameters.ts';
import { chooseCompression, compressionArgument } from '../core/postgres/dump/compression.ts';
import { hasZstd } from '../core/postgres/dump/zstd-support.ts';
import { type FoundTools, toolPath } from '../core/postgres/programs/tools.ts';
import { listSteps } from './list-steps.ts';
import type { Step } from './measure.ts';
import { findAws, type startS3Process } from './s3-process.ts';

/** The names under which steps are compared. */
export const stepNames = {
  dump: 'pg_dump alone',
  toFile: 'pgproof to file',
  toS3: 'pgproof to S3',
  pipe: 'pg_dump -Fc | aws',
  verifyFile: 'verify from file',
  verifyS3: 'verify from S3',
  restore: 'pg_restore -j',
  verifyRestore: 'verify by restore',
} as const;

/** A server to restore into, and the client programs of its major. */
export type RestoreTarget = { readonly parameters: ConnectionParameters; readonly client: FoundTools };

export type StepsRequest = {
  /** Of the server with the database `shop`. */
  readonly parameters: ConnectionParameters;
  readonly client: FoundTools;
  /** The built command. */
  readonly cli: string;
  readonly s3: Awaited<ReturnType<typeof startS3Process>>;
  readonly scratch: string;
  /** Undefined: the steps that restore are left out. */
  readonly target: RestoreTarget | undefined;
};

/** What is measured, in order, after a first step that does not count: it reads everything once. */
export async function benchSteps(
  request: StepsRequest,
): Promise<{ readonly warmUp: Step; readonly steps: Step[] }> {
  const { parameters, client, cli, s3, scratch, target } = request;
  const env = { ...childEnvironment(parameters), ...placesOfPrograms(), PGDATABASE: 'shop', HOME: scratch };
  const awsEnv = { ...env, ...s3.environment, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const file = `file://${scratch}/store`;
  const bucket = 's3://bench/p';
  const backup = [cli, 'backup', '--name', 'bench', '--database', 'shop', '--verify', 'none', '--store'];
  const verify = [cli, 'verify', 'bench/shop/latest', '--store'];
  const pgproof = (name: string, args: readonly string[], environment: Step['env']): Step => ({
    name,
    file: process.execPath,
    args,
    env: environment,
  });

  const pgDump = toolPath(client, 'pg_dump');
  const compression = await compressionOf(client);
  const dump = (name: string, how: Compression): Step => ({
    name,
    note: formatCompression(how),
    file: pgDump,
    args: ['-Fc', compressionArgument(how, client.major), 'shop'],
    env,
  });
  const steps = [
    dump(stepNames.dump, compression),
    pgproof(stepNames.toFile, [...backup, file], env),
    pgproof(stepNames.toS3, [...backup, bucket], awsEnv),
    await pipeStep(pgDump, env, s3.environment),
    pgproof(stepNames.verifyFile, [...verify, file], env),
    pgproof(stepNames.verifyS3, [...verify, bucket], awsEnv),
  ];
  if (target !== undefined) {
    steps.push(restoreStep(target, scratch));
    steps.push(pgproof(stepNames.verifyRestore, [...verify, file, '--level', 'restore'], env));
  }
  steps.push(...(await listSteps(cli, scratch, env)));
  return { warmUp: dump('warm up', { method: 'none' }), steps };
}

/** With these the command finds the same programs as this process; HOME is another, for libpq's and AWS's files. */
function placesOfPrograms(): Record<string, string> {
  const { PATH = '', PGPROOF_PG_BIN = '', XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env;
  return { PATH, PGPROOF_PG_BIN, XDG_CACHE_HOME };
}

/** What pgproof takes by default: not every pg_dump has zstd. */
async function compressionOf(client: FoundTools): Promise<Compression> {
  const zstd = await hasZstd(client, new AbortController().signal);
  return chooseCompression({
    asked: undefined,
    format: 'custom',
    pgDumpMajor: client.major,
    hasZstd: zstd,
  });
}

/** What people use today. */
async function pipeStep(
  pgDump: string,
  env: Step['env'],
  s3: StepsRequest['s3']['environment'],
): Promise<Step> {
  const step = { name: stepNames.pipe, file: pgDump, args: ['-Fc', 'shop'], env };
  const aws = await findAws();
  if (aws === undefined) return { ...step, note: 'no AWS command line here: to /dev/null instead' };
  const copy = ['s3', 'cp', '-', 's3://bench/pipe.dump', '--endpoint-url', s3.AWS_ENDPOINT_URL];
  return {
    ...step,
    into: {
      ...aws,
      args: [...aws.args, ...copy],
      env: { ...(process.env as Record<string, string>), ...s3 },
    },
  };
}

/** pg_restore alone, into a server like the verifier's, of the backup that was just made. */
function restoreStep({ parameters, client }: RestoreTarget, scratch: string): Step {
  const archive = join(scratch, 'newest.dump');
  const env = childEnvironment(parameters);
  const psql = (args: readonly string[]): Promise<unknown> =>
    promisify(execFile)(toolPath(client, 'psql'), ['-X', '-q', '-d', 'postgres', ...args], { env });
  return {
    name: stepNames.restore,
    before: async () => {
      const [newest] = (await readdir(join(scratch, 'store/bench/shop'))).sort().reverse();
      const backup = join(scratch, 'store/bench/shop', newest ?? '');
      await copyFile(join(backup, 'archive.dump'), archive);
      await psql(['-c', 'drop database if exists shop']);
      await psql(['-f', join(backup, 'globals.sql')]);
    },
    file: toolPath(client, 'pg_restore'),
    args: ['--create', '--dbname=postgres', `--jobs=${availableParallelism()}`, archive],
    env,
  };
}
