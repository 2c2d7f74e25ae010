import { afterAll, beforeAll, expect, test } from 'vitest';
import { onTerminal } from '../../support/cli/on-terminal.ts';
import { type Cli, type CliOptions, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const escapeCode = '\u001b[';

/** Enough to be seen moving. */
const sql = `create table noise as
  select i, string_agg(md5((i * 50 + j)::text), '') from generate_series(1, 8000) i, generate_series(1, 50) j group by i`;

function backupWith(options: CliOptions): Promise<CliResult> {
  return withDatabase(newestMajor(), { sql }, ({ url: source, name }) =>
    withFileStore(({ url }) =>
      cli.run(
        ['backup', '--source', source, '--store', url, '--database', name, '--compress', 'gzip:9'],
        options,
      ),
    ),
  );
}

test('on a terminal the progress moves, and goes away', async () => {
  const { status, stdout } = await backupWith({ through: onTerminal, env: { TERM: 'xterm' } });
  expect(status).toBe(0);
  const frames = [...stdout.matchAll(/dumping +([\d.]+ k?M?B)/g)].map(([, size]) => size);
  expect(new Set(frames).size).toBeGreaterThan(2);
  expect(stdout).toMatch(/\d\/1 table /);
  expect(stdout).toContain(escapeCode);
  const summary = stdout.slice(stdout.search(/\n(?:DATABASE|BACKUP)\b/));
  expect(summary).toMatch(/intact/);
  expect(summary).not.toContain('dumping');
});

test('NO_COLOR: it moves without colours', async () => {
  const { status, stdout } = await backupWith({ through: onTerminal, env: { TERM: 'xterm', NO_COLOR: '1' } });
  expect(status).toBe(0);
  expect(stdout).toContain('dumping');
  const colours = /\u001b\[(?!0?m)[0-9;]*m/;
  expect(stdout).not.toMatch(colours);
});

test('a terminal that can do nothing, and no terminal: plain lines', async () => {
  for (const options of [{ through: onTerminal, env: { TERM: 'dumb' } }, {}]) {
    const { status, stdout, stderr } = await backupWith(options);
    expect(status).toBe(0);
    expect(stdout + stderr).not.toContain(escapeCode);
    expect(stdout + stderr).not.toContain('dumping');
    expect(stdout + stderr).toMatch(/^✓ /m);
  }
});

/** What stands in each row of the terminal, without colours. */
function rowsOf(text: string): string[] {
  return text
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .split('\n')
    .map((line) => line.replace(/^.*\r(?=.)/, '').trimEnd());
}

test('long names of two columns a character: an id is whole, in a line of its own, and no other line wraps', async () => {
  const through = onTerminal;
  const long = 'ü日本'.repeat(7);
  await withDatabase(newestMajor(), { sql: 'create table t as select 1 as i' }, ({ url: source, name }) =>
    withFileStore(async ({ url }) => {
      const args = ['--store', url, '--source', source, '--database', name, '--name', long];
      const backup = await cli.run(['backup', ...args], { through, env: { TERM: 'xterm' } });
      expect(backup.status).toBe(0);
      const { stdout: json } = await cli.run(['list', '--store', url, '--json']);
      const [{ id }] = JSON.parse(json) as [{ id: string }];
      const list = await cli.run(['list', '--store', url], { through, env: { TERM: 'xterm' } });
      for (const { stdout } of [backup, list]) {
        const rows = rowsOf(stdout);
        const at = rows.lastIndexOf(id);
        expect(at).toBeGreaterThan(0);
        expect(rows[at + 1]).toMatch(/^ {2}.*B .*intact/);
        expect(rows[at + 1]?.length).toBeLessThan(80);
      }
      // Elsewhere than on a terminal a row is a line, however long.
      const plain = await cli.run(['list', '--store', url]);
      expect(plain.stdout.split('\n')[1]).toMatch(new RegExp(`^${id} {2}.*intact`));
    }),
  );
});
