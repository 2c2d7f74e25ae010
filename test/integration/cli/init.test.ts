import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

const execute = promisify(execFile);

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** What a program came to, and said. */
async function programSays(
  file: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ readonly status: number; readonly said: string }> {
  try {
    const { stdout, stderr } = await execute(file, args, env === undefined ? {} : { env });
    return { status: 0, said: `${stdout}${stderr}` };
  } catch (error: unknown) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { status: code, said: `${stdout}${stderr}` };
  }
}

async function isInstalled(program: string): Promise<boolean> {
  return (await programSays('/bin/sh', ['-c', 'command -v "$1"', 'sh', program])).status === 0;
}

const example = { env: { PGPROOF_CONFIG: undefined } };

test('the configuration that it writes is one, and is never written over another', async () => {
  const printed = await cli.run(['init']);
  expect(printed).toMatchObject({ status: 0, stderr: '' });
  const file = path.join(cli.directory, 'pgproof.yaml');
  expect(await cli.run(['init', '--out', file])).toMatchObject({ status: 0, stdout: '' });
  expect(await readFile(file, 'utf8')).toBe(printed.stdout);
  const { status, stderr } = await cli.run(
    ['run', '--config', file, '--dry-run', '--source', 'nix'],
    example,
  );
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('expected shop') });
  await writeFile(file, 'mine');
  const again = await cli.run(['init', '--out', file]);
  expect(again).toMatchObject({ status: 2, stdout: '' });
  expect(again.stderr).toContain('is there already');
  expect(await readFile(file, 'utf8')).toBe('mine');
  expect((await cli.run(['init', '--out', '/nowhere/at/all'])).status).toBe(2);
  expect((await cli.run(['init', '--systemd', '--cron'])).status).toBe(2);
});

test('systemd takes the units, and finds them well closed', async (context) => {
  const directory = path.join(cli.directory, 'units');
  await mkdir(directory);
  expect((await cli.run(['init', '--systemd', '--out', directory])).status).toBe(0);
  const service = path.join(directory, 'pgproof.service');
  const timer = path.join(directory, 'pgproof.timer');
  expect(await readFile(timer, 'utf8')).toContain('Persistent=true');
  if (!(await isInstalled('systemd-analyze')))
    return context.skip('systemd-analyze is not here: apt-get install systemd');
  expect(await programSays('systemd-analyze', ['verify', '--man=no', service, timer])).toEqual({
    status: 0,
    said: '',
  });
  const offline = ['security', '--offline=yes', '--no-pager'];
  const { status, said } = await programSays('systemd-analyze', [...offline, '--threshold=35', service]);
  expect({ status, said }).toMatchObject({ status: 0 });
  // It would say so if they were worse.
  await writeFile(service, '[Service]\nType=oneshot\nExecStart=/bin/true\n');
  expect((await programSays('systemd-analyze', [...offline, '--threshold=35', service])).status).not.toBe(0);
});

test('odd paths are one word each for systemd', async (context) => {
  const directory = path.join(cli.directory, 'odd units');
  await mkdir(directory);
  const odd = path.join(cli.directory, 'a 100% $HOME "it\'s".yaml');
  await cli.run(['init', '--systemd', '--config', odd, '--out', directory]);
  if (!(await isInstalled('systemd-analyze')))
    return context.skip('systemd-analyze is not here: apt-get install systemd');
  const service = path.join(directory, 'pgproof.service');
  expect((await readFile(service, 'utf8')).match(/^ExecStart=.*$/m)?.[0]).toContain('100%% $$HOME \\"it');
  expect(await programSays('systemd-analyze', ['verify', '--man=no', service])).toEqual({
    status: 0,
    said: '',
  });
});

test("cron's line works with nothing in the environment, one run at a time, whatever the paths are", async (context) => {
  if (!(await isInstalled('flock'))) return context.skip('flock is not here: apt-get install util-linux');
  const config = path.join(cli.directory, "it's at 100%.yaml");
  await writeFile(
    config,
    JSON.stringify({
      sources: [
        { name: 'gone', url: 'postgresql://u@127.0.0.1:1/', schedules: [{ name: 'n', cron: '@daily' }] },
      ],
      stores: [{ name: 'local', url: `file://${cli.directory}/cron-store` }],
    }),
  );
  const { stdout } = await cli.run(['init', '--cron', '--config', config]);
  expect(stdout).toMatch(/^MAILTO=root$/m);
  const [, line = ''] = /^17 \* \* \* \* {2}pgproof {2}(.*)$/m.exec(stdout) ?? [];
  // As cron reads it: \% is a %.
  const command = line.replaceAll('\\%', '%');
  expect(line.replaceAll('\\%', '')).not.toContain('%');
  const first = await programSays('/bin/sh', ['-c', command], {});
  expect(first).toEqual({ status: 1, said: expect.stringContaining('BACKUP FAILED gone') });
  expect(await programSays('/bin/sh', ['-c', command], {})).toEqual({ status: 0, said: '' });
  const held = ['-n', '-E', '9', config, '/bin/sh', '-c', command.replace(' run ', ' run --schedule n ')];
  expect(await programSays('flock', held, {})).toEqual({ status: 0, said: '' });
});

test('the SQL of a role for backups is SQL that a server takes, twice', async () => {
  const role = uniqueName('of init');
  const printed = await cli.run(['init', '--role', role]);
  expect(printed).toMatchObject({ status: 0, stderr: '' });
  await withDatabase(newestMajor(), {}, async ({ query }) => {
    await query(printed.stdout);
    await query(printed.stdout);
    expect(await query(`select rolsuper, rolbypassrls from pg_roles where rolname = '${role}'`)).toEqual([
      { rolsuper: false, rolbypassrls: true },
    ]);
    await query(`drop owned by "${role}"; drop role "${role}"`);
  });
  expect((await cli.run(['init', '--role'])).stdout).toContain('\\password "pgproof"');
  expect(await cli.run(['init', '--role', 'pg_mine'])).toMatchObject({ status: 2, stdout: '' });
  expect(await cli.run(['init', '--role', '--cron'])).toMatchObject({ status: 2, stdout: '' });
});
