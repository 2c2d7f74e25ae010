import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatId, parseId } from '../../../core/manifest/backup-id.ts';
import { type Manifest, serialize } from '../../../core/manifest/manifest.ts';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { newestMajor, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

type Scene = {
  readonly directory: string;
  readonly latest: string;
  /** What a real backup made, good. */
  readonly id: string;
  /** The same so many hours later, never verified, with another manifest if one is wanted. */
  readonly again: (hours: number, change?: (manifest: Manifest) => Manifest) => Promise<string>;
  readonly run: (...args: string[]) => Promise<CliResult>;
};

function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  return withDatabase(newestMajor(), { sql: 'create table t as select 1 as a' }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const { databases } = await runBackup(database.parameters, store).outcome;
      const [made] = databases;
      if (made?.status !== 'done') throw new Error(JSON.stringify(made));
      const { id } = made;
      const run = (...args: string[]): Promise<CliResult> =>
        cli.run([...args, '--store', `file://${directory}`]);
      expect((await run('verify', id, '--level', 'checksum')).status).toBe(0);
      const again: Scene['again'] = async (hours, change = (manifest) => manifest) => {
        const { startedAt, ...names } = parseId(id);
        const other = { ...names, startedAt: new Date(startedAt.getTime() + hours * 3_600_000) };
        const to = join(directory, formatId(other));
        await mkdir(to, { recursive: true });
        await cp(join(directory, id), to, { recursive: true });
        for (const name of ['summary.json', 'verification.json']) await rm(join(to, name), { force: true });
        const manifest = JSON.parse(await readFile(join(to, 'manifest.json'), 'utf8')) as Manifest;
        const at = { id: formatId(other), startedAt: other.startedAt.toISOString() };
        await writeFile(join(to, 'manifest.json'), serialize(change({ ...manifest, ...at })));
        return at.id;
      };
      await use({ directory, id, latest: id.replace(/[^/]+$/, 'latest'), again, run });
    }),
  );
}

const nobody = ['--to', 'postgresql://nobody@127.0.0.1:1/none'];

test('latest is the newest good one in every command, and what is passed over is told with why and how to take it', () =>
  withScene(async ({ directory, latest, id, again, run }) => {
    const unverified = await again(1);
    const failed = await again(2, (manifest) => ({
      ...manifest,
      objects: manifest.objects.map((object) => ({ ...object, sha256: '0'.repeat(64) })),
    }));
    expect((await run('verify', failed, '--level', 'checksum')).status).toBe(1);
    const copies = `file://${directory}-copies`;
    const calls = {
      show: ['show', latest],
      verify: ['verify', latest, '--level', 'checksum'],
      copy: ['copy', latest, '--to', copies],
      hold: ['hold', latest, '--reason', 'an audit'],
      release: ['release', latest],
      roles: ['restore', latest, '--globals', 'print'],
      restore: ['restore', latest, ...nobody],
    };
    for (const [name, args] of Object.entries(calls)) {
      const { status, stderr } = await run(...args);
      expect(status, name + stderr).toBe(name === 'restore' ? 1 : 0);
      expect(stderr).toContain(
        [
          `Note: ${latest} is ${id}; newer, and passed over:`,
          `  ${failed}: failed`,
          `  ${unverified}: never verified`,
          `Take one of them by its id, or with --any, which is the newest whatever its verdict. To verify the newest without a verdict: pgproof verify ${unverified} --store file://${directory}\n`,
        ].join('\n'),
      );
    }
    expect((await run('restore', latest, ...nobody)).stderr).toContain(`Restoring ${id} into`);
    for (const name of ['show', 'verify', 'copy', 'hold'] as const) {
      const { stdout } = await run(...calls[name], '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        passedOver: [
          { id: failed, why: 'failed', words: 'failed' },
          { id: unverified, why: 'never-verified' },
        ],
      });
    }
    await rm(`${directory}-copies`, { recursive: true });

    const any = await run('restore', latest, '--any', ...nobody);
    expect(any.stderr).toContain(`Restoring ${failed} into`);
    expect(any.stderr).not.toContain('passed over');
    expect((await run('show', latest, '--any')).stdout).toMatch(new RegExp(`^Backup: +${failed}$`, 'm'));

    // Never so many lines that the end of them is not seen.
    for (let hours = 3; hours < 9; hours += 1) await again(hours);
    const many = await run('show', latest);
    expect(many.stderr.split('\n')).toHaveLength(7);
    expect(many.stderr).toContain('  and 5 more (4 never verified, 1 failed)\n');

    // The newest of all by the wrong clock of one night.
    const future = await again(24 * 365);
    for (const more of [[], ['--any']])
      expect((await run('show', latest, ...more)).stderr).toMatch(
        new RegExp(`passed over:\n  ${future}: dated in the future \\(now it is `),
      );
  }));

test('where none is good: what looks takes the newest and says so, and restore refuses', () =>
  withScene(async ({ directory, latest, id, again, run }) => {
    await rm(join(directory, id, 'verification.json'));
    const newest = await again(1);
    const none = `Careful: no backup is good that ${latest} could be: this is the newest, ${newest}, never verified\n`;
    expect(await run('show', latest)).toMatchObject({ status: 0, stderr: none });
    const refused = await run('restore', latest, ...nobody);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      new RegExp(`2, the newest of them never verified.*pgproof verify ${newest}.*--any`),
    );
    expect((await run('restore', latest, '--any', ...nobody)).stderr).toContain(`Restoring ${newest} into`);
    const verified = await run('verify', latest, '--level', 'checksum');
    expect(verified.status, verified.stderr).toBe(0);
    expect(verified.stderr).toContain(none);
    expect((await run('restore', latest, ...nobody)).stderr).toContain(`Restoring ${newest} into`);
  }));

test('two servers under one name: each command asks which, --cluster answers, and a list shows it', () =>
  withScene(async ({ latest, id, again, run }) => {
    const twin = await again(1, (manifest) => ({
      ...manifest,
      server: { ...manifest.server, systemIdentifier: '42', host: 'other.example.com', port: 5433 },
    }));
    // A standby, and what was made of a snapshot, is the same cluster elsewhere.
    const standby = await again(-1, (manifest) => ({
      ...manifest,
      server: { ...manifest.server, host: 'standby.example.com' },
    }));
    const json = JSON.parse((await run('list', '--json')).stdout) as {
      id: string;
      systemIdentifier: string;
    }[];
    const own = json.find((one) => one.id === id)?.systemIdentifier ?? '';
    expect(json.map((one) => [one.id, one.systemIdentifier])).toEqual([
      [twin, '42'],
      [id, own],
      [standby, own],
    ]);
    expect((await run('list')).stdout).toMatch(
      new RegExp(`^BACKUP .* CLUSTER .*\n${twin} .* 42 .*\n${id} .* ${own} `),
    );
    for (const args of [
      ['show', latest],
      ['verify', latest],
      ['hold', latest, '--reason', 'x'],
      ['restore', latest, ...nobody],
    ]) {
      const { status, stderr } = await run(...args);
      expect(status).toBe(1);
      expect(stderr).toContain(
        `other.example.com:5433 (system identifier 42), no good backup was found of it, its newest is ${twin} of `,
      );
      expect(stderr).toMatch(
        new RegExp(`\\(system identifier ${own}\\), its newest good backup is ${id} of `),
      );
      expect(stderr).toContain(`--cluster 42 or --cluster ${own}`);
    }
    expect((await run('show', latest, '--cluster', own)).stdout).toMatch(new RegExp(`^Backup: +${id}$`, 'm'));
    const restored = await run('restore', latest, '--cluster', own, ...nobody);
    expect(restored.stderr).toContain(`Restoring ${id} into`);
    const other = await run('restore', latest, '--cluster', '42', ...nobody);
    expect(other.stderr).toContain('verified and found good');
    expect((await run('restore', latest, '--cluster', '42', '--any', ...nobody)).stderr).toContain(
      `Restoring ${twin} into`,
    );
    expect(await run('show', latest, '--cluster', 'x')).toMatchObject({ status: 2 });
    expect(await run('show', latest, '--cluster', '7')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no backup of the cluster 7'),
    });
    expect((await run('list', '--limit', '1')).stdout).not.toContain('CLUSTER');
  }));
