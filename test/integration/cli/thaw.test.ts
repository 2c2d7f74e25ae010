import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verification } from '../../../core/manifest/verification.ts';
import type { AwsServer } from '../../support/aws/server.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { s3Store } from '../../support/cli/stores.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  uniqueName,
  withDatabase,
} from '../../support/postgres/servers.ts';

const hour = 3_600_000;

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

type Backed = {
  readonly aws: AwsServer;
  readonly database: TestDatabase;
  readonly id: string;
  readonly archives: readonly string[];
  run(...args: string[]): Promise<CliResult>;
  start: (...args: string[]) => ReturnType<Cli['start']>;
  restore(...args: string[]): Promise<CliResult>;
};

async function withFrozen(
  {
    format,
    storageClass,
    tier,
  }: { readonly format: string; readonly storageClass: string; readonly tier?: string },
  use: (backed: Backed) => Promise<void>,
): Promise<void> {
  const sql = 'create table numbers as select i from generate_series(1, 321) i';
  await withDatabase(newestMajor(), { sql }, async (database) => {
    await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      const { url, env, keys } = s3Store(aws);
      const start = (...args: string[]): ReturnType<Cli['start']> =>
        cli.start([...args, '--store', url], { env });
      const run = async (...args: string[]): Promise<CliResult> => (await start(...args)).ended;
      const source = ['--source', database.url, '--name', 's', '--database', database.name];
      expect((await run('backup', ...source, '--format', format)).status).toBe(0);
      const there = await keys();
      const archives = there.filter((key) => key.includes('/archive'));
      for (const key of archives) aws.s3.freeze('bucket', `some/prefix/${key}`, storageClass, tier);
      const id = archives[0]?.split('/').slice(0, 3).join('/') ?? '';
      const restore = async (...args: string[]): Promise<CliResult> => {
        const name = uniqueName('thawed');
        const to = database.url.replace(/\/[^/]*$/, `/${name}`);
        const result = await run('restore', id, '--to', to, '--create', ...args);
        const made = await runSql(database.parameters, `drop database "${name}"`).then(
          () => true,
          () => false,
        );
        expect(made).toBe(result.status === 0);
        return result;
      };
      await use({ aws, database, id, archives, run, start, restore });
    });
  });
}

test('an archive in GLACIER is shown as such, judged by nobody, and restored once it was thawed', async () => {
  await withFrozen(
    { format: 'custom', storageClass: 'GLACIER' },
    async ({ aws, database, id, run, start, restore }) => {
      expect((await run('list')).stdout).toMatch(/CLASS.*\n.*GLACIER/);
      expect(JSON.parse((await run('list', '--json')).stdout)).toMatchObject([
        { archiveClass: 'GLACIER', frozen: true, good: true },
      ]);
      expect((await run('show', id)).stdout).toMatch(/Stored: +GLACIER; must be thawed .*3 to 5 hours/);

      const verified = await run('verify', id, '--level', 'checksum', '--json');
      expect(verified.status).toBe(1);
      const { verdict, checks } = JSON.parse(verified.stdout) as Verification;
      expect(verdict).toBe('unverifiable');
      expect(JSON.stringify(checks)).toContain('aws s3api restore-object --bucket bucket');
      // What was proven of it before is still so.
      expect(JSON.parse((await run('show', id, '--json')).stdout)).toMatchObject({
        good: true,
        stored: { classes: ['GLACIER'], state: 'frozen' },
      });

      for (const level of ['read', 'restore']) {
        const deeper = await run('verify', id, '--level', level, '--json');
        expect((JSON.parse(deeper.stdout) as Verification).verdict, level).toBe('unverifiable');
      }

      const to = ['--to', database.url, '--into-non-empty'];
      const rehearsed = await run('restore', id, ...to, '--dry-run', '--json');
      expect(rehearsed.status).toBe(1);
      expect(JSON.parse(rehearsed.stdout)).toMatchObject({
        wouldTry: false,
        findings: expect.arrayContaining([
          expect.objectContaining({
            subject: 'archive',
            status: 'refused',
            fix: expect.stringContaining('--thaw'),
          }),
        ]),
      });
      const refused = await restore();
      expect(refused.status).toBe(1);
      expect(refused.stderr).toMatch(/has to be thawed .*GLACIER.*--thaw.*expedited: 1 to 5 minutes/);

      // Stopped with Ctrl-C S3 goes on; the same command waits for the rest.
      const waiting = await start('verify', id, '--level', 'checksum', '--thaw');
      await waiting.says('Thawing 1 object');
      waiting.child.kill('SIGINT');
      const stopped = await waiting.ended;
      expect(stopped.stderr).toContain('run the same command again');
      expect((await run('show', id)).stdout).toContain('is being thawed');
      expect((await run('verify', id, '--level', 'checksum')).stdout).toContain('it is being thawed');
      const again = await start('verify', id, '--level', 'checksum', '--thaw');
      await again.says('Thawing 1 object');
      aws.s3.setClock(() => new Date(Date.now() + 4 * hour));
      expect((await again.ended).status).toBe(0);
      expect(aws.s3.calls('RestoreObject')).toBe(1);
      expect((await run('show', id)).stdout).toMatch(/GLACIER, thawed until \d{4}/);
      expect((await restore('--thaw')).status).toBe(0);
      expect(aws.s3.calls('RestoreObject')).toBe(1);
    },
  );
});

test('every object of a directory is asked for, in DEEP_ARCHIVE not at once', async () => {
  await withFrozen(
    { format: 'directory', storageClass: 'DEEP_ARCHIVE' },
    async ({ aws, id, archives, run, start }) => {
      const fast = await run('verify', id, '--level', 'checksum', '--thaw', 'expedited');
      expect(fast.status).toBe(2);
      expect(fast.stderr).toMatch(/standard: up to 12 hours, bulk: up to 48 hours/);
      expect(aws.s3.calls('RestoreObject')).toBe(0);
      const thawing = await start('verify', id, '--level', 'read', '--thaw', 'bulk', '--thaw-days', '1');
      await thawing.says(`Thawing ${archives.length} objects`);
      aws.s3.setClock(() => new Date(Date.now() + 4 * hour));
      const { status, stderr } = await thawing.ended;
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(aws.s3.calls('RestoreObject')).toBe(archives.length);
      // A day later it is frozen again.
      aws.s3.setClock(() => new Date(Date.now() + 40 * hour));
      expect((await run('show', id)).stdout).toContain('must be thawed');
    },
  );
});

test('from a tier of INTELLIGENT_TIERING it comes back for good; who may not ask is told which right', async () => {
  const frozen = { format: 'custom', storageClass: 'INTELLIGENT_TIERING', tier: 'ARCHIVE_ACCESS' };
  await withFrozen(frozen, async ({ aws, id, run, start }) => {
    expect((await run('show', id)).stdout).toMatch(/INTELLIGENT_TIERING; must be thawed .*ARCHIVE_ACCESS/);
    aws.s3.judge(async ({ operation }) => operation !== 'RestoreObject');
    const denied = await run('verify', id, '--level', 'checksum', '--thaw');
    expect(denied.status).toBe(1);
    expect(denied.stderr).toContain('s3:RestoreObject');
    aws.s3.judge(undefined);
    const thawing = await start('verify', id, '--level', 'checksum', '--thaw');
    await thawing.says('Thawing 1 object');
    aws.s3.setClock(() => new Date(Date.now() + 4 * hour));
    expect((await thawing.ended).status).toBe(0);
    expect((await run('show', id)).stdout).toMatch(/Stored: +INTELLIGENT_TIERING\n/);
  });
});

test('a manifest that is frozen itself is said so in its line, and the others are listed', async () => {
  await withFrozen({ format: 'custom', storageClass: 'STANDARD' }, async ({ aws, id, database, run }) => {
    const source = ['--source', database.url, '--name', 'other', '--database', database.name];
    expect((await run('backup', ...source)).status).toBe(0);
    for (const name of ['manifest.json', 'summary.json'])
      aws.s3.freeze('bucket', `some/prefix/${id}/${name}`, 'GLACIER');
    const { status, stdout, stderr } = await run('list');
    expect(status).toBe(0);
    expect(stdout).toContain('manifest unreadable');
    expect(stdout).toContain('other/');
    expect(stderr).toMatch(/has to be thawed/);
    expect((await run('verify', id)).stderr).toContain('has to be thawed');
  });
});
