import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupId, formatId, keyOf } from '../../../core/manifest/backup-id.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { WireError } from '../../support/aws/wire.ts';
import { type ListedContent, listedDocuments, nightly } from '../../support/backup/listed.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { s3Store, withFileStore } from '../../support/cli/stores.ts';
import { withoutOverride } from '../../support/cli/without-override.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const latest = 'orders-prod/app/latest';
const nobody = ['--to', 'postgresql://nobody@127.0.0.1:1/none'];
const night = (count: number): string => formatId(nightly(count));
const other = (source: string, database: string): BackupId => nightly(3, { source, database });

type Listed = { readonly id: string; readonly good: boolean; readonly summary: { unreadable?: string } };

describe('a directory in which something cannot be looked at', () => {
  test('at every level: a line says so, the rest goes on, and latest needs none of it', () =>
    withFileStore(async ({ url, directory }) => {
      const at = (key: string): string => join(directory, key);
      const put = async (content: ListedContent): Promise<void> => {
        for (const [key, bytes] of listedDocuments(content)) {
          await mkdir(dirname(at(key)), { recursive: true });
          await writeFile(at(key), bytes);
        }
      };
      const closed = [
        'lost+found',
        'closed-source',
        'orders-prod/closed',
        night(2),
        `${night(4)}/manifest.json`,
        `${night(5)}/verification.json`,
      ];
      for (let count = 0; count < 9; count += 1) await put({ id: nightly(count) });
      await rm(at(`${night(4)}/summary.json`));
      await put({ id: other('closed-source', 'app') });
      await put({ id: other('orders-prod', 'closed') });
      await put({ id: other('second', 'app') });
      await mkdir(at('lost+found'));
      for (const key of ['loop', 'orders-prod/loop', night(20), `${night(6)}/manifest.json`]) {
        await rm(at(key), { force: true, recursive: true });
        await symlink(at(key), at(key));
      }
      // May be read, and nothing in it looked at.
      await chmod(at(night(7)), 0o600);
      for (const key of closed) await chmod(at(key), 0);
      try {
        const run = (...args: string[]): Promise<CliResult> =>
          cli.run([...args, '--store', url], { through: withoutOverride });
        const unreadable = [2, 4, 6, 7, 20].map(night);
        for (const more of [[], ['--limit', '50']]) {
          const json = await run('list', '--json', ...more);
          expect(json.status, json.stderr).toBe(0);
          const entries = JSON.parse(json.stdout) as Listed[];
          expect(entries.map(({ id }) => id).sort()).toEqual(
            [...[0, 1, 2, 3, 4, 5, 6, 7, 8, 20].map(night), formatId(other('second', 'app'))].sort(),
          );
          const bad = entries.filter(({ summary }) => summary.unreadable !== undefined);
          expect(bad.map(({ id }) => id)).toEqual(unreadable);
          for (const { summary, good } of bad)
            expect([summary.unreadable, good]).toEqual([expect.stringMatching(/EACCES|ELOOP/), false]);
          expect(json.stderr).toMatch(/^closed-source cannot be looked into.*EACCES/m);
          expect(json.stderr).toMatch(/^orders-prod\/closed cannot be looked into.*EACCES/m);
          // What never was a name of ours has nothing of ours in it.
          expect(json.stderr).not.toContain('lost+found');
        }
        const list = await run('list');
        expect(list.status).toBe(0);
        for (const id of unreadable) expect(list.stderr).toContain(`${id} is unreadable: `);
        expect(list.stderr).toMatch(/^(?:orders-prod\/)?loop cannot be looked into.*ELOOP/m);

        const shown = await run('show', latest);
        expect(shown).toMatchObject({ status: 0, stderr: '' });
        expect(shown.stdout).toMatch(new RegExp(`^Backup: +${night(0)}$`, 'm'));
        for (const count of [0, 1]) await rm(at(night(count)), { recursive: true });
        const { status, stderr } = await run('show', latest);
        expect(status).toBe(0);
        expect(stderr).toMatch(
          new RegExp(`latest is ${night(3)}; newer, and passed over:\n  ${night(2)}: .*EACCES`),
        );
        const byId = await run('show', night(2));
        expect([byId.status, byId.stderr]).toEqual([1, expect.stringMatching(/cannot be read.*EACCES/)]);
        const gone = await run('restore', 'closed-source/app/latest', ...nobody);
        expect([gone.status, gone.stderr]).toEqual([1, expect.stringMatching(/closed-source.*EACCES/)]);
      } finally {
        for (const key of [...closed, night(7)]) await chmod(at(key), 0o700);
      }
    }));
});

const kms = 'arn:aws:kms:us-east-1:111122223333:key/9c7c';
/** What S3 answers of one object, and what is said of it. */
const refusals: readonly (readonly [name: string, error: WireError, said: RegExp])[] = [
  ['no rights', new WireError(403, 'AccessDenied', 'Access Denied'), /denied .*s3:GetObject/],
  [
    'no right to the key',
    new WireError(
      403,
      'AccessDenied',
      `User: me is not authorized to perform: kms:Decrypt on resource: ${kms}`,
    ),
    /The KMS key may not be used .*kms:Decrypt on the key/,
  ],
  [
    'a key that is disabled',
    new WireError(400, 'KMS.DisabledException', `${kms} is disabled.`),
    /The KMS key is disabled .*aws kms enable-key/,
  ],
  [
    'a key that is pending deletion',
    new WireError(400, 'KMS.KMSInvalidStateException', `${kms} is pending deletion.`),
    /The KMS key cannot be used .*cancel-key-deletion/,
  ],
  [
    'a key that is gone',
    new WireError(400, 'KMS.NotFoundException', `Key '${kms}' does not exist`),
    /The KMS key does not exist .*another backup/,
  ],
  [
    "a customer's own key",
    new WireError(400, 'InvalidRequest', 'The object was stored using a form of Server Side Encryption.'),
    /InvalidRequest/,
  ],
];

describe('a bucket in which an object is not handed out', () => {
  test('each is a line of the list, and latest needs none of the old ones', () =>
    withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      const { url, env } = s3Store(aws);
      const whole = (key: string): string => `some/prefix/${key}`;
      // Without summaries, as an older pgproof left them: the manifest is asked for.
      const count = refusals.length + 4;
      for (let one = 0; one < count; one += 1)
        for (const [key, bytes] of listedDocuments({ id: nightly(one), hasSummary: one === 0 }))
          await aws.s3.put('bucket', whole(key), bytes);
      const refused = new Map(
        refusals.map(([, error], index) => [whole(keyOf(nightly(index + 1), 'manifest.json')), error]),
      );
      const frozen = nightly(refusals.length + 1);
      aws.s3.freeze('bucket', whole(keyOf(frozen, 'manifest.json')), 'GLACIER');
      const vanishing = nightly(refusals.length + 2);
      refused.set(
        whole(keyOf(vanishing, 'manifest.json')),
        new WireError(404, 'NoSuchKey', 'The specified key does not exist.'),
      );
      const asked: string[] = [];
      aws.s3.judge(async ({ operation, key }) => {
        if (operation !== 'GetObject') return true;
        asked.push(key);
        const error = refused.get(key);
        if (error !== undefined) throw error;
        return true;
      });
      const run = (...args: string[]): Promise<CliResult> => cli.run([...args, '--store', url], { env });
      const { status, stdout, stderr } = await run('list', '--json');
      expect(status, stderr).toBe(0);
      const entries = JSON.parse(stdout) as Listed[];
      expect(entries).toHaveLength(count - 1);
      for (const [index, [, , said]] of refusals.entries())
        expect(entries[index + 1]?.summary.unreadable).toMatch(said);
      const ice = entries.find(({ id }) => id === formatId(frozen))?.summary.unreadable;
      expect(ice).toMatch(
        /has to be thawed .*GLACIER.*document of pgproof.*aws s3api restore-object --bucket bucket --key /,
      );
      expect(ice).not.toContain('--thaw');
      expect(entries[0]?.good).toBe(true);
      expect(entries.at(-1)?.good).toBe(true);

      asked.length = 0;
      const newest = await run('show', latest);
      expect(newest).toMatchObject({ status: 0, stderr: '' });
      // Of the others it is only asked of which cluster they are, five at the most.
      expect(asked.filter((key) => !key.includes(night(0)))).toHaveLength(10);

      aws.s3.remove('bucket', whole(keyOf(nightly(0), 'manifest.json')));
      const { passedOver } = JSON.parse((await run('show', latest, '--json')).stdout) as {
        passedOver: { id: string; why: string; words: string }[];
      };
      expect(passedOver.map(({ why }) => why)).toEqual(
        Array.from({ length: refusals.length + 1 }, () => 'manifest-unreadable'),
      );
      for (const [index, [, , said]] of refusals.entries()) expect(passedOver[index]?.words).toMatch(said);
      const told = (await run('show', latest)).stderr;
      expect(told).toContain(`${night(3)}: of a manifest that cannot be read: The KMS key is disabled`);
      expect(told).toContain(`and ${refusals.length - 2} more (${refusals.length - 2} manifest unreadable)`);
    }));
});

describe('two thousand backups of five thousand tables in S3', () => {
  test('restore of latest makes fewer than twenty requests before it starts, in 128 MB', () =>
    withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      const { url, env } = s3Store(aws);
      const large = { tables: 5_000, systemIdentifier: '7300000000000000001' };
      for (let count = 0; count < 2_000; count += 1) {
        const id = nightly(count);
        // Those behind the newest are never read: all have one's bytes.
        const documents = listedDocuments({ id, ...large });
        if (count > 8) break;
        for (const [key, bytes] of documents) await aws.s3.put('bucket', `some/prefix/${key}`, bytes);
      }
      const from = nightly(8);
      for (let count = 9; count < 2_000; count += 1)
        for (const name of ['manifest.json', 'summary.json', 'verification.json', 'archive.dump'])
          aws.s3.link(
            'bucket',
            `some/prefix/${keyOf(from, name)}`,
            `some/prefix/${keyOf(nightly(count), name)}`,
          );
      for (const [without, most] of [
        [[], 15],
        // As an older pgproof left them, and a copy that somebody made by hand.
        [['summary.json'], 19],
      ] as const) {
        for (const key of aws.s3.keys('bucket'))
          if (without.some((name) => key.endsWith(name))) aws.s3.remove('bucket', key);
        const before = aws.s3.allCalls();
        const { status, stderr } = await cli.run(['restore', latest, '--store', url, ...nobody], {
          env: { ...env, NODE_OPTIONS: '--max-old-space-size=128' },
        });
        expect(stderr).toContain(`Restoring ${night(0)} into`);
        expect(stderr).toContain('Nothing answers as a PostgreSQL server');
        expect(status).toBe(1);
        expect(aws.s3.allCalls() - before).toBeLessThanOrEqual(most);
      }
    }));
});
