import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupPlan } from '../../../core/backup/plan.ts';
import { parseId } from '../../../core/manifest/backup-id.ts';
import { parseManifest, serialize } from '../../../core/manifest/manifest.ts';
import { wholeBackup } from '../../../core/restore/request.ts';
import { restoreBackup } from '../../../core/restore/restore.ts';
import { realTools, runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const html = Buffer.from('<!DOCTYPE html><html><body>404 Not Found</body></html>\n'.repeat(30));
const flipped = (bytes: Buffer, at: number, bit: number): Buffer => {
  bytes.writeUInt8(bytes.readUInt8(at) ^ bit, at);
  return bytes;
};
/** The length of the database's name, behind the header and seven numbers of the time: as much as there can be. */
const endless = (bytes: Buffer): Buffer => {
  const at = bytes.readUInt8(6) >= 15 ? 47 : 51;
  bytes.set([0, 255, 255, 255, 127], at);
  return bytes;
};

type Case = readonly [
  what: string,
  damage: (bytes: Buffer) => Buffer,
  restore: RegExp,
  verify?: RegExp,
  isRecorded?: false,
];

const cases: readonly (readonly [Partial<BackupPlan>, readonly Case[]])[] = [
  [
    { format: 'custom' },
    [
      [
        'pg_restore crashes',
        (bytes) => flipped(bytes, 7, 128),
        /the archive is damaged: pg_restore crashes \(SIG\w+\) when it reads it/,
        /✗ read +the archive is damaged: pg_restore crashes/,
      ],
      [
        'pg_restore asks for more memory than there is',
        endless,
        /the archive is damaged: by what is written in it pg_restore needs more memory/,
        /✗ read +the archive is damaged: by what is written in it pg_restore needs more memory/,
      ],
      [
        'a version that pg_dump never wrote',
        (bytes) => flipped(bytes, 6, 64),
        /the archive is damaged: unsupported version/,
        /✗ read +the archive is damaged: its first bytes name a version/,
      ],
      ['a page of HTML', () => html, /the archive is damaged: did not find magic string/],
      [
        'half of it',
        (bytes) => bytes.subarray(0, bytes.length / 2),
        /archive\.dump of \S+ in \S+ is not what was backed up: \d+ bytes \(expected \d+ bytes\)/,
        /✗ checksum +archive\.dump has \d+ bytes, recorded were \d+/,
        false,
      ],
    ],
  ],
  [
    { format: 'plain', compression: { method: 'gzip', level: 1 } },
    [
      [
        'a changed bit',
        (bytes) => flipped(bytes, bytes.length >> 1, 4),
        /the archive is damaged: archive\.sql\.gz cannot be read: incorrect data check|invalid/,
        /✗ read +it cannot be decompressed/,
      ],
    ],
  ],
  [
    { format: 'plain', compression: { method: 'none' } },
    [
      ['nothing', () => Buffer.alloc(0), /the archive is damaged: .* does not begin with pg_dump's own/],
      ['a page of HTML', () => html, /the archive is damaged: .* does not begin with pg_dump's own/],
    ],
  ],
];

test('a damaged archive is called damaged, whatever the programs make of it', () =>
  withDatabase(
    newestMajor(),
    { sql: 'create table t as select i, md5(i::text) from generate_series(1, 2000) i' },
    async (database) => {
      for (const [plan, damages] of cases)
        await withFileStore(async (store, _files, directory) => {
          const { databases } = await runBackup(database.parameters, store, plan).outcome;
          const id = databases[0]?.status === 'done' ? databases[0].id : '';
          const place = join(directory, id);
          const manifest = parseManifest(await readFile(join(place, 'manifest.json')), 'test');
          const archive = manifest.objects.find(({ role }) => role === 'archive');
          const whole = await readFile(join(place, archive?.name ?? ''));
          for (const [what, damage, words, found, isRecorded] of damages) {
            const bytes = damage(Buffer.from(whole));
            await writeFile(join(place, archive?.name ?? ''), bytes);
            const sha256 = createHash('sha256').update(bytes).digest('hex');
            const objects = manifest.objects.map((one) =>
              one === archive ? { ...one, bytes: bytes.length, sha256 } : one,
            );
            // As if it had been damaged before its hash was taken.
            const told = isRecorded === false ? manifest : { ...manifest, objects };
            await writeFile(join(place, 'manifest.json'), serialize(told));
            const name = uniqueName('damaged');
            const to = new URL(database.url);
            to.pathname = `/${name}`;
            const flags = ['--store', `file://${directory}`];
            const restored = await cli.run([
              'restore',
              id,
              ...flags,
              '--to',
              to.href,
              '--create',
              '--keep-going',
            ]);
            await runSql(database.server.parameters, `drop database if exists ${name}`);
            expect({ what, status: restored.status, words: restored.stderr }).toEqual({
              what,
              status: 1,
              words: expect.stringMatching(words),
            });
            expect(restored.stderr).not.toMatch(/memory ran out|lacks|All else is there|itself is whole/);
            if (found === undefined) continue;
            const verified = await cli.run(['verify', id, ...flags, '--level', 'read']);
            expect(verified).toMatchObject({ status: 1, stdout: expect.stringMatching(found) });
            expect(verified.stdout).toContain(': failed');
          }
        });
    },
  ));

test('what changed since it was stored is told as that, also where it is restored while it is read', () =>
  withDatabase(
    newestMajor(),
    { sql: 'create table t as select i, md5(i::text) from generate_series(1, 2000) i' },
    async (database) => {
      const plans = [{ format: 'custom' }, { format: 'plain', compression: { method: 'gzip' } }] as const;
      for (const plan of plans)
        await withFileStore(async (store, _files, directory) => {
          const { databases } = await runBackup(database.parameters, store, plan).outcome;
          const result = databases[0];
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          const { manifest, id } = result;
          const archive = join(directory, id, plan.format === 'plain' ? 'archive.sql.gz' : 'archive.dump');
          const bytes = await readFile(archive);
          // In the middle, so that the program gives up long before the end.
          bytes.fill(0xff, 2_000, 3_000);
          await writeFile(archive, bytes);
          const name = uniqueName('streamed');
          const restored = restoreBackup(
            {
              id: parseId(id),
              database: name,
              create: true,
              intoNonEmpty: false,
              selection: wholeBackup,
              applyGlobals: false,
            },
            {
              store,
              manifest,
              target: database.server.parameters,
              tools: async (major) => ({ ...(await realTools(major)), place: 'PATH' }),
              clock: () => new Date(),
              scratch: { directory: tmpdir(), freeBytes: async () => 0 },
              signal: new AbortController().signal,
            },
          );
          await expect(restored).rejects.toMatchObject({
            name: 'RestoreFailed',
            message: expect.stringMatching(/is not what was backed up: sha256.*restore another backup/s),
          });
          await runSql(database.server.parameters, `drop database if exists ${name}`);
        });
    },
  ));
