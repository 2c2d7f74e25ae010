import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { withDirectory } from '../../../support/backup/run.ts';
import { newestMajor, runSql, withOwnServer } from '../../../support/postgres/servers.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** As `npm start -- ARGS` does; rejects where the exit status is not 0. */
function start(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'cli/demo/start.ts', ...args], {
    cwd: root,
  });
}

it('npm start backs up a sample shop, proves it, and catches a server that dies', async () => {
  await withDirectory(async (directory) => {
    const { stdout, stderr } = await start('--into', directory);
    for (const database of ['shop', 'reports', 'Ünïcode "quoted" db']) {
      expect(stdout).toMatch(new RegExp(`^${database} .*proven \\(restore\\)`, 'm'));
    }
    expect(stderr).toMatch(/BACKUP FAILED demo\/shop: pg_dump/);
    expect(stderr).toMatch(/Nothing appeared in the store: 15 objects before, the same 15 after/);
    const serverDirectory = /\/(pgproof-\w+)\//.exec(stderr)?.[1] ?? '';
    expect(serverDirectory).not.toBe('');
    for (const place of ['/tmp', tmpdir()]) expect(await readdir(place)).not.toContain(serverDirectory);
    expect(await readdir(`${directory}/demo/shop`)).toHaveLength(1);

    const [, order = ''] = /order_id = (\d+): 1 order is gone from the shop/.exec(stderr) ?? [];
    const row = new RegExp(`^ +${order} \\| .*It is a present, no invoice in the box!`, 'm');
    expect(stdout).toMatch(row);
    // As they stand, by a shell, from the directory where `npm start` was typed.
    const next = /\nNext\n([\s\S]*?)\n\n/.exec(stderr)?.[1]?.split('\n') ?? [];
    const commands = next.map((line) => line.slice(24));
    expect(commands.map((command) => command.split(' ')[5])).toEqual(['list', 'show', 'shell', 'shell']);
    const printed = await Promise.all(
      commands.map(async (command) => {
        const words = ['-c', `${command} < /dev/null`];
        return (await promisify(execFile)('/bin/sh', words, { cwd: root })).stdout;
      }),
    );
    expect(printed[0]).toMatch(/^demo\/shop\/.*proven/m);
    expect(printed[1]).toMatch(/^Verdict: +proven/m);
    expect(printed[3]).toMatch(row);
  });
}, 300_000);

it('npm start -- --source backs up a server of the user', async () => {
  await withOwnServer(newestMajor(), {}, async ({ parameters }) => {
    await runSql(parameters, 'create database app');
    await withDirectory(async (directory) => {
      const source = `host='${parameters.host}' port=${parameters.port} user=${parameters.user}`;
      const { stdout } = await start('--source', source, '--into', directory);
      expect(stdout).toMatch(/^app .*proven \(restore\)/m);
    });
  });
});
