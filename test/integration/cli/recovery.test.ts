import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

test('a note is written with the first backup, kept by the later ones, copied with its own address, and in nobody’s way', () =>
  withDatabase(newestMajor(), { sql: 'create table t as select 1' }, ({ name, url: source }) =>
    withFileStore((first) =>
      withFileStore(async (second) => {
        const call = async (...args: string[]): Promise<CliResult> =>
          await cli.run([...args, '--store', first.url]);
        const well = async (...args: string[]): Promise<CliResult> => {
          const result = await call(...args);
          expect({ args, status: result.status, stderr: result.stderr }).toMatchObject({ status: 0 });
          return result;
        };
        const key = `shop/${name}/RECOVERY.md`;
        const file = join(first.directory, key);
        const backup = ['backup', '--source', source, '--name', 'shop', '--database', name];
        await well(...backup, '--contact', 'DBA on call');
        const note = await readFile(file, 'utf8');
        expect(note).toContain('Who to ask: `DBA on call`');
        expect(note).toContain(`HERE='${first.directory}/shop/${name}'`);
        expect((await stat(file)).mode & 0o777).toBe(0o600);
        await well(...backup);
        expect(await readFile(file, 'utf8')).toBe(note);

        // Whoever lists, copies and deletes is not disturbed by it.
        const { stdout: listed } = await well('list', '--json');
        expect(JSON.parse(listed)).toHaveLength(2);
        await well('copy', '--all-missing', '--to', second.url, '--contact', 'elsewhere');
        const copied = await readFile(join(second.directory, key), 'utf8');
        expect(copied).toContain(`HERE='${second.directory}/shop/${name}'`);
        expect(copied).toContain('Who to ask: `elsewhere`');
        expect(copied).not.toContain(first.directory);
        const pruned = await well('prune', '--keep', 'last=1', '--min', '1', '--sweep', '--yes', '--json');
        expect(pruned.stdout).not.toContain('RECOVERY');
        expect((await first.keys()).filter((one) => one.endsWith('RECOVERY.md'))).toEqual([key]);

        // By hand: printed, at once, and never over somebody's own.
        const printed = await well('recovery', `shop/${name}`);
        expect(printed.stdout).toMatch(/^<!-- pgproof writes this file anew\./);
        expect(printed.stdout).toContain('nobody is named');
        expect((await well('recovery', `shop/${name}`, '--write')).stderr).toContain('Up to date already');
        const written = await well('recovery', `shop/${name}`, '--write', '--contact', 'you', '--json');
        expect(JSON.parse(written.stdout)).toEqual({ key, outcome: 'written' });
        expect(await readFile(file, 'utf8')).toContain('Who to ask: `you`');
        await writeFile(file, '# Ours\n');
        expect(await call('recovery', `shop/${name}`, '--write')).toMatchObject({
          status: 1,
          stderr: expect.stringContaining("Somebody's own file"),
        });
        await well(...backup);
        expect(await readFile(file, 'utf8')).toBe('# Ours\n');
        const secret = await call('recovery', `shop/${name}`, '--contact', 'postgresql://me:hunter2@h/');
        expect(secret).toMatchObject({ status: 2, stderr: expect.not.stringContaining('hunter2') });
        expect(await call('recovery', 'shop/other')).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('There is no backup of shop/other'),
        });
        expect(await call('recovery', 'shop')).toMatchObject({ status: 2 });
      }),
    ),
  ));
