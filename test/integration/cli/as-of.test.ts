import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verification } from '../../../core/manifest/verification.ts';
import { prunableS3Store } from '../../../core/store/s3/prunable-s3-store.ts';
import { testClient } from '../../support/aws/s3-client.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { s3Store, withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, runSql, uniqueName, withClient, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** What the role that prunes may do: it lists, reads and deletes, and deletes no version. */
const mayPrune = async ({ operation }: { readonly operation: string }): Promise<boolean> =>
  ['ListObjectsV2', 'GetObject', 'DeleteObject'].includes(operation);

test('after everything was deleted, what was there is listed, shown, verified and restored', async () => {
  const sql = 'create table numbers as select i from generate_series(1, 321) i';
  await withDatabase(newestMajor(), { sql }, async (database) => {
    await withAwsServer({}, async (aws) => {
      aws.s3.createBucket('bucket', { versioning: 'Enabled' });
      const { url, env, keys } = s3Store(aws);
      const run = (...args: string[]) => cli.run([...args, '--store', url], { env });
      const source = ['--source', database.url, '--name', 's', '--database', database.name];
      for (const format of ['custom', 'directory'])
        expect((await run('backup', ...source, '--format', format)).status).toBe(0);
      const before = new Date().toISOString();
      const note = `s/${database.name}/RECOVERY.md`;
      // What prune never takes, and has no right to.
      const there = (await keys()).filter((key) => key !== note);

      // A minute later.
      aws.s3.setClock(() => new Date(Date.now() + 60_000));
      const client = testClient(aws.url);
      aws.s3.judge(mayPrune);
      expect(
        await prunableS3Store({ bucket: 'bucket', prefix: 'some/prefix', client }).remove(there),
      ).toEqual([]);
      client.destroy();
      aws.s3.judge(undefined);
      expect(await keys()).toEqual([note]);
      expect(JSON.parse((await run('list', '--json')).stdout)).toEqual([]);

      const past = ['--as-of', before];
      const listed = await run('list', ...past, '--json');
      expect(listed.stderr).toContain(`As of ${before}`);
      const entries = JSON.parse(listed.stdout) as { id: string; verification: { verdict: string } }[];
      expect(entries.map(({ verification }) => verification.verdict)).toEqual(['intact', 'intact']);
      expect((await run('show', `s/${database.name}/latest`, ...past)).stdout).toContain('numbers');

      const verified = await run('verify', `s/${database.name}/latest`, ...past, '--level', 'read', '--json');
      expect(verified.status).toBe(0);
      expect((JSON.parse(verified.stdout) as Verification).verdict).toBe('intact');
      expect(verified.stderr).toContain('Nothing was written');
      expect(await keys()).toEqual([note]);

      for (const { id } of entries) {
        const name = uniqueName('past');
        const to = database.url.replace(/\/[^/]*$/, `/${name}`);
        const restored = await run('restore', id, ...past, '--to', to, '--create');
        expect({ status: restored.status, stderr: restored.stderr }).toMatchObject({ status: 0 });
        const target = { ...database.parameters, database: name };
        const counted = await withClient(target, (one) => one.query('select count(*)::int from numbers'));
        expect(counted.rows).toEqual([{ count: 321 }]);
        await runSql(database.parameters, `drop database "${name}"`);
      }

      // Of one whose bytes are gone for good the verdict says so, by the exit status too.
      const [archive = ''] = there.filter((key) => key.endsWith('archive.dump'));
      aws.s3.purge('bucket', `some/prefix/${archive}`);
      const lost = archive.slice(0, archive.lastIndexOf('/'));
      const failed = await run('verify', lost, ...past, '--level', 'checksum');
      expect(failed.status).toBe(1);
      expect(failed.stdout).toContain('failed');

      expect((await run('verify', `s/${database.name}/latest`)).status).not.toBe(0);
      const early = await run('list', '--as-of', '2020-01-01', '--json');
      expect(JSON.parse(early.stdout)).toEqual([]);
    });
  });
});

test('a directory and a bucket without versioning have no past, and say so', async () => {
  await withFileStore(async ({ url }) => {
    const { status, stderr } = await cli.run(['list', '--as-of', '2d', '--store', url]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('A directory knows nothing'),
    });
  });
  await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
    const { url, env } = s3Store(aws);
    const { status, stderr } = await cli.run(['list', '--as-of', '2d', '--store', url], { env });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('no versioning') });
    const unclear = await cli.run(['list', '--as-of', '2026-03-14T02:00:00', '--store', url], { env });
    expect({ status: unclear.status, stderr: unclear.stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('with its offset'),
    });
  });
});
