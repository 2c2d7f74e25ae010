import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../../core/version.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** Nothing must be contacted or made for these: neither exists. */
const store = ['--store', 'file:///nonexistent/store'];
const source = ['--source', 'postgresql://user@nowhere.invalid/app'];

const wrongCalls: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown command', ['bakcup'], /^pgproof: Unknown command 'bakcup'.*backup/s],
  ['an unknown flag', ['backup', '--sorce', 'x', ...store], /Unknown option '--sorce'.*--source/s],
  ['a surplus argument', ['list', 'extra', ...store], /Too many arguments/],
  ['no store', ['list'], /Required option '--store <url>' not specified/],
  ['no id', ['verify', ...store], /Missing required argument 'id'/],
  ['a flag without its value', ['list', '--store'], /Option '--store <url>' argument missing/],
  ['an unknown format', ['backup', '--format', 'zip', ...store], /custom, plain, directory, tar/],
  ['an unknown level', ['verify', 'a/b/latest', '--level', 'hope', ...store], /checksum, read/],
  ['an unknown policy', ['backup', '--notify', 'nobody', ...store], /failures, all/],
  ['jobs that are no number', ['backup', '--jobs', '4x', ...store], /whole number from 1 to 64/],
  ['no jobs', ['backup', '--jobs', '0', ...store], /whole number from 1 to 64/],
  [
    'jobs without the directory format',
    ['backup', '--jobs', '4', ...store, ...source],
    /Add --format directory/,
  ],
  [
    'databases named and left out',
    ['backup', '--database', 'a', '--exclude-database', 'a', ...store, ...source],
    /--database and --exclude-database contradict each other.*Leave one of the two out/s,
  ],
  [
    'nothing restored, and a restore’s time limit',
    ['backup', '--restore-timeout', '60', ...store, ...source],
    /--restore-timeout and --verify read contradict each other.*nothing is restored/s,
  ],
  [
    'a new database that holds something',
    ['restore', 'a/b/latest', '--create', '--into-non-empty', ...store],
    /--create and --into-non-empty contradict/,
  ],
  [
    'roles printed into a server',
    ['restore', 'a/b/latest', '--globals', 'print', '--to', 'postgresql://u@nowhere.invalid/d', ...store],
    /--globals print and --to contradict/,
  ],
  [
    'an id that is the newest',
    ['show', 'a/b/2026-11-20T02-00-00Z', '--any', ...store],
    /--any and a backup by its id contradict.*which backup latest is/s,
  ],
  [
    'days of no thaw',
    ['verify', 'a/b/latest', '--thaw-days', '2', ...store],
    /--thaw-days says nothing alone/,
  ],
  [
    'a class of a directory',
    ['backup', '--storage-class', 'STANDARD', ...store, ...source],
    /about a bucket/,
  ],
  [
    'a compression that no pg_dump has',
    ['backup', '--compress', 'zip', ...store, ...source],
    /zstd\[:1-22\]/,
  ],
  ['a level that gzip has not', ['backup', '--compress', 'gzip:12', ...store, ...source], /gzip\[:1-9\]/],
  [
    'a lock without its days',
    ['backup', '--object-lock', 'governance', ...store, ...source],
    /governance:DAYS or compliance:DAYS, 1 to 3650 days/,
  ],
  [
    'a compressed tar',
    ['backup', '--format', 'tar', '--compress', 'gzip', ...store, ...source],
    /Tar archives/,
  ],
  ['an empty database', ['backup', '--database', '', ...store, ...source], /A name cannot be empty/],
  [
    'a name that is the place of something else',
    ['backup', '--name', 'status', ...store, ...source],
    /cannot be called so: "status".*--name/,
  ],
  [
    'the same by way of the host',
    ['backup', '--source', 'postgresql://user@STATUS/app', ...store],
    /cannot be called so: "STATUS".*--name/,
  ],
  ['an empty name', ['list', '--name=', ...store], /A name cannot be empty/],
  ['a class that nobody can read back', ['backup', '--storage-class', 'GLACIER', ...store], /GLACIER_IR/],
  ['an id that is none', ['show', 'app', ...store], /A backup id is malformed: "app".*pgproof list/],
  [
    'an id with a day that is none',
    ['verify', 'a/b/2026-02-30T00-00-00Z', ...store],
    /A backup id is malformed/,
  ],
  ['a store that is a path', ['list', '--store', '/backups/a b'], /Write file:\/\/\/backups\/a%20b/],
  ['a store of another kind', ['list', '--store', 'ftp://host/x'], /no store with the scheme ftp/],
  ['a source of another kind', ['backup', '--source', 'mysql://u@h/d', ...store], /postgresql:\/\/ in front/],
  ['s3 with one slash', ['list', '--store', 's3:/bucket/p'], /Write s3:\/\/bucket\/p$/m],
  ['s3 without its colon', ['copy', 'a/b/latest', ...store, '--to', 's3//bucket'], /Write s3:\/\/bucket$/m],
  [
    'the address of a bucket',
    [
      'prune',
      '--keep',
      'daily=1',
      '--store',
      'https://bucket.s3.eu-west-1.amazonaws.com/p?X-Amz-Signature=canary',
    ],
    /^(?!.*canary).*Write s3:\/\/bucket\/p$/m,
  ],
  ['a bucket of Google', ['list', '--store', 'gs://b1-x/p'], /s3:\/\/b1-x\/p .*storage\.googleapis\.com/],
  [
    'a directory with one slash',
    ['show', 'a/b/latest', '--store', 'file:/srv/b'],
    /Write file:\/\/\/srv\/b$/m,
  ],
  ['a home directory', ['hold', 'a/b/latest', '--reason', 'x', '--store', '~/b'], /"file:\/\/\$HOME\/b"/],
  [
    'a path of Windows',
    ['backup', '--store', 'C:\\backups\\db', ...source],
    /file:\/\/\/mnt\/c\/backups\/db$/m,
  ],
  ['a server as a store', ['list', '--store', 'postgresql://me:can/canary@h/d'], /^(?!.*canary).*--source/],
  [
    'a server without its scheme',
    ['backup', '--source', 'db.example.com', ...store],
    /Did you mean postgresql:\/\/db\.example\.com\?.*dbname='db\.example\.com'/,
  ],
  [
    'a host and its port as a target',
    ['restore', 'a/b/latest', '--to', 'db:5432/app', ...store],
    /Did you mean postgresql:\/\/db:5432\/app\?/,
  ],
  ['an address', ['backup', '--source', '10.1.2.3', ...store], /Did you mean postgresql:\/\/10\.1\.2\.3\?/],
  ['a socket', ['backup', '--source', '/run/postgresql', ...store], /host=\/run\/postgresql/],
  [
    'a parameter that libpq has not',
    ['backup', '--source', 'host=x hots=y', ...store],
    /does not know: hots/,
  ],
];

describe.each(wrongCalls)('%s', (_, args, message) => {
  test('is exit status 2, one message, nothing on standard output', async () => {
    const { status, stdout, stderr, leftovers } = await cli.run(args);
    expect({ status, stdout, leftovers }).toEqual({ status: 2, stdout: '', leftovers: [] });
    expect(stderr).toMatch(message);
    expect(stderr.match(/^pgproof: /gm)).toHaveLength(1);
  });

  test('with --json one document says the same', async () => {
    const { status, stdout } = await cli.run([...args, '--json']);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout) as { error: Record<string, string> };
    expect(error).toMatchObject({ name: 'UsageError', what: expect.any(String), fix: expect.any(String) });
    expect(error.message).toContain(error.what);
  });
});

test('--version and --help are exit status 0, on standard output', async () => {
  expect(await cli.run(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  for (const args of [['--help'], ['help', 'backup'], ['backup', '--help'], ['verify', '--help']]) {
    const { status, stdout, stderr } = await cli.run(args);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
    expect(stdout).toContain('Usage: pgproof');
  }
});

test('no command at all: the help, on standard error, and exit status 2', async () => {
  const { status, stdout, stderr } = await cli.run([]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('Commands:');
});

test('an empty store: a hint for people, an empty list for programs, exit status 0', async () => {
  const directory = await mkdtemp(join(cli.directory, 'empty-'));
  const url = pathToFileURL(directory).href;
  const empty = await cli.run(['list', '--store', url]);
  expect(empty).toMatchObject({ status: 0, stdout: '' });
  expect(empty.stderr).toContain(`No backup in ${url} yet. Take one: pgproof backup`);
  const filtered = await cli.run(['list', '--database', 'app', '--verdict', 'failed,none', '--store', url]);
  expect(filtered.stderr).toContain(
    `No backup of the database "app" with the verdict failed or none in ${url}.`,
  );
  expect(await cli.run(['list', '--json', '--store', url])).toMatchObject({
    status: 0,
    stdout: '[]\n',
    stderr: '',
  });
});

test('a directory that is not there, or is full of other things, is an error and no empty store', async () => {
  const directory = await mkdtemp(join(cli.directory, 'other-'));
  await mkdir(join(directory, 'photos'));
  await writeFile(join(directory, 'photos', 'one.jpg'), 'not a backup');
  for (const [where, why] of [
    ['file:///nonexistent/store', 'There is no such directory (file:///nonexistent/store)'],
    [pathToFileURL(directory).href, 'There are no backups in '],
  ] as const) {
    for (const args of [[], ['--limit', '5'], ['--since', '30d'], ['--name', 'a'], ['--json']]) {
      const { status, stderr } = await cli.run(['list', '--store', where, ...args]);
      expect({ status, args }).toEqual({ status: 1, args });
      expect(stderr).toContain(why);
    }
    for (const args of [
      ['show', 'a/b/latest'],
      ['verify', 'a/b/2026-11-20T02-00-00Z'],
      ['restore', 'a/b/latest', '--to', 'postgresql://nobody@127.0.0.1:1/none'],
    ]) {
      const { status, stderr } = await cli.run([...args, '--store', where]);
      expect(status).toBe(1);
      expect(stderr).toContain(why);
    }
  }
});

test.each([
  ['--since', 'yesterday', /Expected a date \(2026-11-20\)/],
  ['--since', '2026-02-30', /Expected a date/],
  ['--since', '3months', /Expected a date/],
  ['--verdict', 'good', /Expected of proven, /],
  ['--limit', '0', /Expected a whole number from 1/],
  ['--limit', 'all', /Expected a whole number from 1/],
  ['--before', 'app/latest', /A backup id is malformed/],
  ['--before', 'a/b/latest', /A backup id is malformed/],
])('list %s %s is exit status 2', async (flag, value, why) => {
  const { status, stdout, stderr } = await cli.run(['list', ...store, flag, value]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(why);
});

test('a backup that is not there is exit status 1', async () => {
  const { status, stdout, stderr } = await cli.run(['verify', 'a/b/latest', ...store]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /^pgproof: There is no backup a\/b\/latest in file:\/\/\/nonexistent\/store.*pgproof list/,
  );
  const forPrograms = await cli.run(['show', 'a/b/latest', '--json', ...store]);
  expect(JSON.parse(forPrograms.stdout)).toMatchObject({ error: { name: 'BackupNotFound' } });
});

test('escape codes go to a terminal only, unless asked for', async () => {
  const control = '\u001b[';
  const call = (env: Record<string, string>): Promise<string> =>
    cli.run(['show', 'app', ...store], { env }).then(({ stderr }) => stderr);
  expect(await call({})).not.toContain(control);
  expect(await call({ FORCE_COLOR: '1' })).toContain(control);
  expect(await call({ FORCE_COLOR: '0' })).not.toContain(control);
  expect(await call({ FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain(control);
});

test('standard output that cannot be written is exit status 1 and a message', async () => {
  // /dev/full is Linux's; a descriptor that is open for reading only fails everywhere.
  const directory = await mkdtemp(join(cli.directory, 'empty-'));
  const { status, stderr } = await cli.run(['list', '--json', '--store', pathToFileURL(directory).href], {
    through: (file, args) => ['/bin/sh', ['-c', 'exec "$0" "$@" 1</dev/null', file, ...args]],
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^pgproof: The result could not be written to standard output: EBADF/);
});

test('a URL typed in the wrong place does not have its password repeated', async () => {
  const url = 'postgresql://user:canary@host/db';
  for (const args of [
    [url],
    [`--souce=${url}`],
    ['backup', url, ...store],
    ['backup', `--jobs=${url}`, ...store],
  ]) {
    for (const json of [[], ['--json']]) {
      const { status, stdout, stderr } = await cli.run([...args, ...json]);
      expect(status).toBe(2);
      expect(stdout + stderr).not.toContain('canary');
    }
  }
});

test('the source runs as well as the bundle: npm run pgproof', () => {
  const node = ['--import', 'tsx', 'cli/pgproof.ts', '--version'];
  const { status, stdout } = spawnSync(process.execPath, node, { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${version}\n` });
});
