import { realpath } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { manifestSchema } from '../../core/manifest/manifest.ts';
import {
  bucket,
  bundleOf,
  type Deployment,
  useBundles,
  withDeployment,
} from '../support/lambda/deployment.ts';
import { objectCreated } from '../support/lambda/s3-event.ts';
import { type TestDatabase, testMajors, withDatabase } from '../support/postgres/servers.ts';
import { withDirectory } from '../support/process/fake-programs.ts';
import type { Mount } from '../support/sandbox/arguments.ts';
import { type SandboxedFunction, withSandboxedFunction } from '../support/sandbox/lambda.ts';
import { layerMajors } from '../support/sandbox/layers.ts';
import { type MemoryGroup, withMemoryLimit } from '../support/sandbox/memory.ts';
import { librariesOf } from '../support/sandbox/programs.ts';
import { shopSql } from './shop.ts';

useBundles();

const isStrict = inject('sandbox').bubblewrap !== undefined;
const mebibyte = 1024 * 1024;
/** The least that the configuration takes: lib/config-schema.ts. */
const leastMemoryBytes = 256 * mebibyte;

type Options = {
  readonly layer: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly memory?: MemoryGroup | undefined;
  readonly mounts?: readonly Mount[];
};

function withFunction<T>(
  deployment: Deployment,
  name: 'backup' | 'verify',
  { environment, ...options }: Options,
  use: (running: SandboxedFunction) => Promise<T>,
): Promise<T> {
  const { PGPROOF_PG_BIN: _, ...deployed } = deployment.environment[name];
  // Found by themselves at /opt, which there is in a sandbox only.
  const { client, server } = inject('sandbox');
  const programs = [...client, ...server].map((one) => one.programs);
  const elsewhere = isStrict ? {} : { PGPROOF_PG_BIN: programs.join(delimiter) };
  return withSandboxedFunction(
    { ...options, bundle: bundleOf(name), environment: { ...deployed, ...elsewhere, ...environment } },
    use,
  );
}

function withShop(
  major: number,
  use: (deployment: Deployment, database: TestDatabase) => Promise<void>,
): Promise<void> {
  return withDatabase(major, { sql: shopSql }, (database) =>
    withDeployment({ major }, (deployment) => use(deployment, database)),
  );
}

function expectNothingStored({ aws }: Deployment): void {
  expect(aws.s3.keys(bucket)).toEqual([]);
  expect(aws.s3.uploads()).toEqual([]);
}

describe.each(layerMajors('client').filter(({ major }) => testMajors().includes(major)))(
  'the functions with the client layer, for a server of PostgreSQL $major',
  ({ major, version, directory: layer }) => {
    test('back up and verify in the least memory that they can be given, and leave nothing in /tmp', () =>
      withShop(major, (deployment, database) =>
        withMemoryLimit(leastMemoryBytes, async (memory) => {
          const event = { databases: [database.name] };
          await withFunction(deployment, 'backup', { layer, memory }, async (backup) => {
            const { error, result } = await backup.invoke(event);
            expect({ error, logs: error && backup.logs }).toEqual({});
            expect(result).toMatchObject({ databases: [{ status: 'done', tables: 5 }] });
            expect(await backup.temporary()).toEqual([]);
            console.info(`backup, PostgreSQL ${major}: init ${backup.initMilliseconds[0]?.toFixed(0)} ms`);
          });
          const key = deployment.aws.s3.keys(bucket).find((one) => one.endsWith('/manifest.json')) ?? '';
          const content = await deployment.aws.s3.object(bucket, key)?.content();
          const manifest = manifestSchema.parse(JSON.parse(content?.toString() ?? ''));
          expect(version).toContain(manifest.dump.pgDump);
          await withFunction(deployment, 'verify', { layer, memory }, async (verify) => {
            const outcome = await verify.invoke(objectCreated(bucket, key));
            expect(outcome).toMatchObject({ result: { verdict: 'intact', level: 'read' } });
            expect(await verify.temporary()).toEqual([]);
          });
          const peak = await memory?.peakBytes();
          if (peak !== undefined) console.info(`memory at its peak: ${(peak / mebibyte).toFixed(0)} MiB`);
        }),
      ));
  },
);

describe.each(layerMajors('client').slice(-1))(
  'the backup function in the sandbox',
  ({ major, directory: layer }) => {
    const nearest =
      testMajors()
        .filter((one) => one <= major)
        .at(-1) ?? major;

    test('tells the Runtime API of its failure, and works the next time', () =>
      withShop(nearest, (deployment, { name }) =>
        withFunction(deployment, 'backup', { layer }, async (backup) => {
          const { error } = await backup.invoke({ databases: ['not there'] });
          expect(error?.errorType).toBe('BackupFailed');
          expect(error?.errorMessage).toContain('not there');
          expect(deployment.told()).toHaveLength(1);
          expectNothingStored(deployment);
          expect(await backup.invoke({ databases: [name] })).toMatchObject({
            result: { databases: [{ status: 'done' }] },
          });
          expect(await backup.temporary()).toEqual([]);
        }),
      ));

    test('stops before its time limit, undoes what it began, and says so', () =>
      withShop(nearest, async (deployment, { name }) => {
        deployment.aws.s3.misbehave({ operation: 'PutObject', action: 'stall', times: 1000 });
        deployment.aws.s3.misbehave({ operation: 'UploadPart', action: 'stall', times: 1000 });
        await withFunction(deployment, 'backup', { layer, timeoutMs: 6_000 }, async (backup) => {
          const { error } = await backup.invoke({ databases: [name] });
          expect(error?.errorType).toBe('BackupFailed');
          expect(error?.errorMessage).toContain('time limit');
          expect(deployment.told()).toHaveLength(1);
          expectNothingStored(deployment);
          expect(await backup.temporary()).toEqual([]);
        });
      }));

    // Elsewhere the programs of the machine would be found.
    if (isStrict)
      test('says what is missing when there is no layer', () =>
        withShop(nearest, (deployment, { name }) =>
          withDirectory((empty) =>
            withFunction(deployment, 'backup', { layer: empty }, async (backup) => {
              const { error } = await backup.invoke({ databases: [name] });
              expect(error?.errorType).toBe('NoMatchingTools');
              expect(error?.errorMessage).toContain(`No pg_dump for a server of PostgreSQL ${nearest}`);
              expectNothingStored(deployment);
            }),
          ),
        ));
  },
);

describe.each(layerMajors('server').filter(({ major }) => testMajors().includes(major)))(
  'the functions with the server layer, for a server of $major',
  ({ major, directory: layer }) => {
    test('prove a backup by restoring it in 512 MB of /tmp, and leave nothing there', () =>
      withShop(major, async (deployment, database) => {
        await withFunction(deployment, 'backup', { layer }, async (backup) => {
          expect((await backup.invoke({ databases: [database.name] })).error).toBeUndefined();
        });
        const key = deployment.aws.s3.keys(bucket).find((one) => one.endsWith('/manifest.json')) ?? '';
        const environment = { PGPROOF_VERIFY_LEVEL: 'restore' };
        await withFunction(
          deployment,
          'verify',
          { layer, environment, timeoutMs: 120_000 },
          async (verify) => {
            const outcome = await verify.invoke(objectCreated(bucket, key));
            expect(outcome).toMatchObject({ result: { verdict: 'proven', level: 'restore' } });
            expect(await verify.temporary()).toEqual([]);
          },
        );
      }));
  },
);

const newestServer = layerMajors('server')
  .filter(({ major }) => testMajors().includes(major))
  .slice(-1);

// Where there is no bubblewrap for the test there is no place like Lambda's.
describe.runIf(isStrict).each(newestServer)('where the server cannot be contained', (layer) => {
  const secret = 'top-secret-of-the-function';
  const spying = `create function environment_of(pid text) returns text language plpgsql as $$ begin
    return encode(pg_read_binary_file('/proc/' || pid || '/environ', 0, 1000000), 'escape');
    exception when others then return ''; end $$`;
  const check = `select string_agg(environment_of(pid), '') not like '%${secret}%' from pg_ls_dir('/proc') pid where pid ~ '^[0-9]+$'`;

  test.each([
    [
      'started as Lambda is told to',
      { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/keep-secrets.sh' },
      { result: { verdict: 'proven', level: 'restore' } },
      /on a machine of its own: there is no bwrap.*environment and memory are hidden/,
    ],
    [
      'started by itself',
      {},
      { error: { errorMessage: expect.stringContaining("the function's credentials can be read by it") } },
      /SQL of this backup could reach this machine: there is no bwrap/,
    ],
    [
      'started by itself, and may all the same',
      { PGPROOF_VERIFY_ALLOW_UNCONTAINED: 'true' },
      { error: { errorMessage: expect.stringContaining('is failed: checks: secrets: returned false') } },
      /uncontained: there is no bwrap.*environment and memory can be read/,
    ],
  ])('SQL of a dump looks for the secrets of a function that was %s', async (_, started, outcome, words) => {
    const tools = await Promise.all(
      ['rm', 'mkdir', 'cp', 'chmod'].map(async (name) => ({
        from: await realpath(`/bin/${name}`),
        to: `/bin/${name}`,
      })),
    );
    const libraries = await Promise.all(tools.map(({ from }) => librariesOf(from)));
    const mounts = [
      ...tools,
      ...[...new Set(libraries.flat())].map((path) => ({ from: path, to: path })),
      { from: '/dev/null', to: join('/opt', relative(layer.directory, layer.programs), 'bwrap') },
    ];
    await withDatabase(layer.major, { sql: spying }, (database) =>
      withDeployment({ major: layer.major }, async (deployment) => {
        await withFunction(deployment, 'backup', { layer: layer.directory }, async (backup) => {
          expect((await backup.invoke({ databases: [database.name] })).error).toBeUndefined();
        });
        const key = deployment.aws.s3.keys(bucket).find((one) => one.endsWith('/manifest.json')) ?? '';
        const environment = {
          ...started,
          PGPROOF_VERIFY_LEVEL: 'restore',
          PGPROOF_VERIFY_CHECKS: JSON.stringify([{ name: 'secrets', sql: check }]),
          SECRET: secret,
        };
        await withFunction(
          deployment,
          'verify',
          { layer: layer.directory, environment, mounts },
          async (verify) => {
            expect(await verify.invoke(objectCreated(bucket, key))).toMatchObject(outcome);
            const content = await deployment.aws.s3
              .object(bucket, key.replace(/[^/]+$/, 'verification.json'))
              ?.content();
            expect(content?.toString()).toMatch(words);
            expect(await verify.temporary()).toEqual(
              'AWS_LAMBDA_EXEC_WRAPPER' in started ? ['.pgproof-start'] : [],
            );
          },
        );
      }),
    );
  });
});
