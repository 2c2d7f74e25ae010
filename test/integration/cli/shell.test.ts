import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withAwsServer } from '../../support/aws/server.ts';
import { leftOf, openDirectory, Typist, untilNothingIsLeft } from '../../support/cli/looked.ts';
import { onTerminal } from '../../support/cli/on-terminal.ts';
import {
  type Cli,
  type CliOptions,
  type CliResult,
  openCli,
  type StartedCli,
} from '../../support/cli/run.ts';
import { s3Store, withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, uniqueName, withDatabase } from '../../support/postgres/servers.ts';
import { listProcesses } from '../../support/process/list.ts';

const major = newestMajor();

/** A view that cannot be filled where the session that made it is not, and a trigger that lets nobody into another server. */
const shop = `
  create schema sales;
  create table sales.orders (id serial primary key, note text);
  insert into sales.orders (note) select 'order ' || i from generate_series(1, 30) i;
  create table customers as select i as id from generate_series(1, 7) i;
  set shop.here = '1';
  create materialized view mirror as select current_setting('shop.here') as here;
  ${
    major < 17
      ? ''
      : `do $do$ begin execute format($$
           create function nobody() returns event_trigger language plpgsql as $f$
           begin if current_setting('data_directory') <> %L then raise 'closed'; end if; end $f$
         $$, current_setting('data_directory')); end $do$;
         create event trigger closed on login execute function nobody(); alter event trigger closed enable always;`
  }`;

/** Quotes, a percent sign and words that libpq would read elsewhere. */
const odd = `o'dd "%n host=nowhere`;

let cli: Cli;
let url: string;
let name: string;
let directory: string;
let end: () => void;
let ended: Promise<unknown>;

// One backup of each database will do for all tests: they only look.
beforeAll(async () => {
  cli = await openCli();
  await chmod(cli.directory, 0o755);
  name = uniqueName(odd);
  const held = new Promise<void>((resolve) => {
    end = resolve;
  });
  await new Promise<void>((resolve, reject) => {
    ended = withDatabase(major, { name, sql: shop }, ({ url: source }) =>
      withFileStore(async (store) => {
        ({ url, directory } = store);
        const made = await cli.run([
          'backup',
          '--source',
          source,
          '--name',
          's',
          '--database',
          name,
          '--store',
          url,
        ]);
        if (made.status !== 0) throw new Error(made.stderr);
        resolve();
        await held;
      }),
    );
    ended.catch(reject);
  });
});
afterAll(async () => {
  end?.();
  await ended;
  await cli?.close();
});

const latest = (): string => `s/${encodeURIComponent(name).replaceAll("'", '%27')}/latest`;

type Run = { readonly result: CliResult; readonly left: readonly string[] };

async function shell(args: readonly string[], options: CliOptions = {}): Promise<Run> {
  const temporary = await openDirectory(cli.directory);
  const env = { TMPDIR: temporary, ...options.env };
  const result = await cli.run(['shell', latest(), '--store', url, ...args], { ...options, env });
  return { result, left: await leftOf(temporary) };
}

/** psql at a terminal, at its first prompt. */
async function atTerminal(): Promise<{ started: StartedCli; typist: Typist; temporary: string }> {
  const temporary = await openDirectory(cli.directory);
  const started = await cli.start(['shell', latest(), '--store', url, '--table', 'customers'], {
    env: { TMPDIR: temporary, TERM: 'dumb', PAGER: 'cat', HISTFILE: '/dev/null' },
    stdin: 'open',
    through: onTerminal,
  });
  const typist = new Typist(started);
  await typist.waitFor('@backup=#');
  return { started, typist, temporary };
}

/** The psql that was given these words; not the command that was given them first. */
async function psqlWith(words: string): Promise<number> {
  const all = (await listProcesses()).filter(({ commandLine: line }) => line.includes(words));
  return all.find(({ commandLine: line }) => !line.includes('pgproof.js'))?.pid ?? Number.NaN;
}

test('-c: psql does each in its order, on all of the backup; what lacks is told, and nothing is left', async () => {
  const own = { ...process.env, AWS_SECRET_ACCESS_KEY: 'canary', PGPASSWORD: 'canary', PGHOST: '127.0.0.9' };
  const { result, left } = await shell(
    ['-c', 'select count(*) from sales.orders', '-c', String.raw`\! env`, '-c', 'table customers'],
    { env: own },
  );
  expect(result).toMatchObject({ status: 0 });
  expect(result.stdout).toMatch(/^ +30$[\s\S]*^HOME=[\s\S]*\(7 rows\)/m);
  expect(result.stdout).not.toContain('canary');
  expect(result.stdout).not.toContain('PGHOST');
  expect(result.stderr).toMatch(
    /^s\/o%27dd.*: 0 min old, intact; \S+ k?B to fetch, about .* to restore; .*by its size/m,
  );
  expect(result.stderr).toMatch(
    /^Careful: not all of it could be restored here; the rest is there:\n {2}! .*shop\.here.*mirror/m,
  );
  expect(left).toEqual([]);
});

test("through a pipe psql reads what it is given, and its exit status is the command's", async () => {
  const stdin =
    '\\set ON_ERROR_STOP on\nselect count(*) from customers;\ndelete from customers;\nselect 1/0;\nselect 2;\n';
  const { result, left } = await shell(['--table', 'customers'], { stdin });
  expect(result).toMatchObject({ status: 3, stdout: expect.stringMatching(/^ +7$[\s\S]*DELETE 7\n$/m) });
  expect(result.stderr).toMatch(/division by zero\n$/);
  expect(left).toEqual([]);
  const file = join(cli.directory, 'question.sql');
  await writeFile(file, 'select count(*) + 100 from customers');
  const other = await shell(['--schema', 'public', '-f', file, '-c', 'table sales.orders']);
  // Whatever was deleted there before; and nothing of other schemas.
  expect(other.result).toMatchObject({ status: 1, stdout: expect.stringMatching(/^ +107$/m) });
  expect(other.result.stderr).toContain('"sales.orders" does not exist');
});

test('what cannot be looked at is said, with nothing left', async () => {
  const none = await shell(['--table', 'nothing.like_it', '-c', 'select 1']);
  expect(none.result).toMatchObject({ status: 1, stdout: '' });
  expect(none.result.stderr).toContain('nothing.like_it');
  expect(none.left).toEqual([]);
  const json = await shell(['--json']);
  expect(json.result.status).toBe(2);
  expect(JSON.parse(json.result.stdout)).toMatchObject({ error: { name: 'UsageError', got: '--json' } });
  const nowhere = await shell(['--scratch', '/nonexistent', '-c', 'select 1']);
  expect(nowhere.result).toMatchObject({ status: 2, stdout: '' });
});

test('bytes that are not those that were backed up are not looked at', async () => {
  const files = (await promisify(execFile)('find', [directory, '-name', 'archive.dump'])).stdout
    .trim()
    .split('\n');
  const [file = ''] = files;
  const good = await readFile(file);
  const bad = Buffer.from(good);
  bad[bad.length - 20] = (bad.at(-20) ?? 0) ^ 1;
  await writeFile(file, bad);
  try {
    const { result, left } = await shell(['-c', 'select 1']);
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toMatch(/archive\.dump of .* is not what was backed up/);
    expect(left).toEqual([]);
  } finally {
    await writeFile(file, good);
  }
});

test('at a terminal: the prompt says what it is, Ctrl-C is for the query, others may come in, \\q ends all of it', async () => {
  const { started, typist, temporary } = await atTerminal();
  typist.type("select 'begun', pg_sleep(600);\n");
  await typist.waitFor('pg_sleep(600);');
  await sleep(500);
  typist.type('\u0003');
  await typist.waitFor('canceling statement due to user request');
  await typist.waitFor('@backup=#');
  const printed = /From another terminal {2}(psql .*)/.exec(typist.seen)?.[1]?.trim() ?? '';
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    `${printed} -XAtc 'select count(*) from customers'`,
  ]);
  expect(stdout).toBe('7\n');
  typist.type('\\q\n');
  expect(await started.ended).toMatchObject({ status: 0 });
  expect(await leftOf(temporary)).toEqual([]);
}, 60_000);

test.each([
  ['psql', 'SIGKILL', 137],
  ['pgproof.js', 'SIGHUP', 129],
  ['pgproof.js', 'SIGTERM', 143],
  ['pgproof.js', 'SIGKILL', 137],
] as const)(
  '%s is ended by %s: nothing is left',
  async (program, signal, status) => {
    const temporary = await openDirectory(cli.directory);
    const args = ['shell', latest(), '--store', url, '--table', 'customers'];
    const words = uniqueName('looking');
    const { child, ended: finished } = await cli.start([...args, '-c', `select pg_sleep(600) as ${words}`], {
      env: { TMPDIR: temporary },
    });
    let psql = Number.NaN;
    while (Number.isNaN(psql)) {
      await sleep(50);
      psql = await psqlWith(words);
    }
    if (program === 'psql') process.kill(psql, signal);
    else child.kill(signal);
    const result = await finished;
    expect(result.status ?? (result.signal === 'SIGKILL' ? 137 : undefined)).toBe(status);
    await untilNothingIsLeft(temporary);
    while (!Number.isNaN(await psqlWith(words))) await sleep(50);
  },
  60_000,
);

test('Ctrl-C while the backup is fetched ends it, and nothing is left', async () => {
  await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
    const { url: bucket, env } = s3Store(aws);
    const copied = await cli.run(['copy', '--all-missing', '--store', url, '--to', bucket], { env });
    expect(copied).toMatchObject({ status: 0 });
    const temporary = await openDirectory(cli.directory);
    const reads = (): number => aws.s3.calls('GetObject');
    // What is read before anything is fetched: a table that is not there ends it then.
    const none = ['shell', latest(), '--store', bucket, '--table', 'nothing.like_it'];
    const before = reads();
    expect(await cli.run(none, { env })).toMatchObject({ status: 1 });
    const toChoose = reads() - before;
    aws.s3.misbehave({ operation: 'GetObject', action: 'stall', skip: toChoose, times: 100 });
    const { child, ended: finished } = await cli.start(['shell', latest(), '--store', bucket], {
      env: { ...env, TMPDIR: temporary },
    });
    while (reads() <= before + 2 * toChoose) await sleep(20);
    child.kill('SIGINT');
    const result = await finished;
    expect(result).toMatchObject({ status: 130, stdout: '' });
    expect(result.stderr).toContain(' to fetch, ');
    expect(await leftOf(temporary)).toEqual([]);
  });
}, 60_000);
