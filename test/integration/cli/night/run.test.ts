import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../../../cli/night/config-file.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { type AwsServer, withAwsServer } from '../../../support/aws/server.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';
import { type Cli, type CliResult, openCli } from '../../../support/cli/run.ts';
import { newestMajor, withDatabase } from '../../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const canary = 'canary-9d1f';
const topicArn = 'arn:aws:sns:us-east-1:123456789012:alerts';

type Scene = {
  readonly directory: string;
  readonly backups: string;
  readonly database: string;
  /** Without a password. */
  readonly url: string;
  readonly aws: AwsServer;
  readonly write: (config: object) => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: (...args: string[]) => Promise<CliResult>;
  readonly keys: () => Promise<string[]>;
};

let scenes = 0;

function withScene<T>(use: (scene: Scene) => Promise<T>): Promise<T> {
  const sql = 'create table t as select i from generate_series(1, 7) i';
  return withDatabase(newestMajor(), { sql }, ({ url, name }) =>
    withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      scenes += 1;
      const directory = path.join(cli.directory, `night-${scenes}`);
      const backups = path.join(directory, 'backups');
      await mkdir(directory);
      const bare = new URL(url);
      const password = decodeURIComponent(bare.password);
      bare.password = '';
      const config = path.join(directory, 'pgproof.yaml');
      const env = {
        ...aws.environment,
        PGPROOF_CONFIG: config,
        DB_PASSWORD: password || canary,
        S3_SECRET: canary,
      };
      return await use({
        directory,
        backups,
        database: name,
        url: bare.href,
        aws,
        write: async (content) => {
          // JSON is YAML.
          await writeFile(config, JSON.stringify(content, null, 2));
          return config;
        },
        env,
        run: (...args) => cli.run(['run', ...args], { env }),
        keys: async () =>
          (await readdir(backups, { recursive: true, withFileTypes: true }).catch(() => []))
            .filter((entry) => entry.isFile())
            .map((entry) => path.relative(backups, path.join(entry.parentPath, entry.name))),
      });
    }),
  );
}

const schedules = [{ name: 'nightly', cron: '0 2 * * *' }];

function configOf({ url, database, backups }: Scene, more: object = {}): object {
  const source = { url, password: { env: 'DB_PASSWORD' }, databases: [database], schedules };
  return {
    sources: [
      { name: 'shop', ...source },
      { name: 'gone', url: 'postgresql://u@127.0.0.1:1/', schedules },
      { name: 'crm', ...source },
    ],
    stores: [{ name: 'local', url: `file://${backups}` }],
    prune: { keep: { last: 3 } },
    verify: { level: 'read' },
    notify: { topicArn },
    ...more,
  };
}

test('a night: two servers backed up, a dead one told once, prune done; then nothing is due', () =>
  withScene(async (scene) => {
    const { write, run, keys, aws, backups, database } = scene;
    const store = fileStore({ directory: backups });
    const today = new Date().toISOString().slice(0, 10);
    const past = nightly(8, today, undefined).map((one) => ({
      ...one,
      source: 'shop',
      startedAt: new Date(one.startedAt.getTime() - 2 * 86_400_000),
    }));
    const old: string[] = [];
    for (const one of past) old.push(await writePast(store, one));
    const before = await readFile(await write(configOf(scene)), 'utf8');
    const { status, stdout, stderr } = await run('--json');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('BACKUP FAILED gone') });
    const report = JSON.parse(stdout) as {
      ok: boolean;
      runs: { source: string; ok: boolean; problems: string[] }[];
      steps: { work: string; name: string; ok: boolean }[];
    };
    expect(report.ok).toBe(false);
    expect(report.runs.map(({ source, ok }) => [source, ok])).toEqual([
      ['shop', true],
      ['gone', false],
      ['crm', true],
    ]);
    expect(report.steps).toMatchObject([{ work: 'prune', name: 'local', ok: true }]);
    const after = await keys();
    expect(
      after.filter((key) => key.endsWith('/manifest.json') && key.includes(`/${database}/`)),
    ).toHaveLength(2);
    expect(after.filter((key) => key.startsWith('status/runs/')).map((key) => key.split('/')[2])).toEqual(
      expect.arrayContaining(['shop', 'gone', 'crm']),
    );
    // The policy is of each database: five of the eight old ones went.
    expect(old.filter((id) => after.includes(`${id}/manifest.json`))).toHaveLength(3);
    expect(aws.sns.messages.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^BACKUP FAILED gone: /),
    ]);
    const everything = JSON.stringify([stdout, stderr, aws.sns.messages, before]);
    expect(everything).not.toContain(canary);

    const again = await run();
    expect(again).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await keys()).toEqual(after);
    expect(aws.sns.messages).toHaveLength(1);

    const listed = await cli.run(['list', '--store', `file://${backups}`, '--json']);
    const names = (JSON.parse(listed.stdout) as { id: string }[]).map(({ id }) => id);
    expect(names).toHaveLength(5);
    expect(names.filter((id) => id.startsWith('status/'))).toEqual([]);
    const dry = await cli.run([
      'prune',
      '--store',
      `file://${backups}`,
      '--keep',
      'last=9',
      '--sweep',
      '--json',
    ]);
    expect(JSON.parse(dry.stdout)).toMatchObject({ orphans: [], leftovers: [] });
  }));

test('a schedule that is named runs though it is not due, of one source, and says nothing where all is well', () =>
  withScene(async (scene) => {
    const { write, run, keys } = scene;
    await write(
      configOf(scene, { verify: { level: 'none' }, prune: { keep: { last: 3 }, verified: false } }),
    );
    expect((await run('--source', 'shop')).status).toBe(0);
    const done = await run('--source', 'shop', '--schedule', 'nightly');
    expect(done).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const records = (await keys()).filter((key) => key.startsWith('status/runs/shop/'));
    expect(records).toHaveLength(2);
    const dry = await run('--dry-run');
    expect(dry.stdout).toMatch(/Would back up gone \(nightly\); last begun never\n/);
    expect(dry.stdout).toMatch(/Not due: shop \(nightly\)/);
    expect((await run('--schedule', 'nightli')).stderr).toContain('There is no such schedule');
    expect((await run('--source', 'Shop')).status).toBe(2);
  }));

test('several failures are one message; one that cannot be sent is told, and fails', () =>
  withScene(async (scene) => {
    const { write, run, aws } = scene;
    const dead = (name: string): object => ({ name, url: 'postgresql://u@127.0.0.1:1/', schedules });
    await write(configOf(scene, { sources: [dead('a'), dead('b')] }));
    expect((await run()).status).toBe(1);
    const [message, ...more] = aws.sns.messages;
    expect(more).toEqual([]);
    expect(message?.subject).toBe('2 problems: BACKUP FAILED a; BACKUP FAILED b');
    expect(message?.message).toMatch(/BACKUP FAILED a[\s\S]*BACKUP FAILED b[\s\S]*What to do/);
    aws.sns.refuse('authorizationError');
    const unsent = await run('--schedule', 'nightly');
    expect(unsent.status).toBe(1);
    expect(unsent.stderr).toContain('The alert could not be published');
    expect(unsent.stderr).toContain('BACKUP FAILED b');
  }));

test('a store that is not there fails its sources, and no other', () =>
  withScene(async (scene) => {
    const { write, run, url, database, backups, aws } = scene;
    const source = { url, password: { env: 'DB_PASSWORD' }, databases: [database], schedules };
    const accessKey = { id: 'test', secret: { env: 'S3_SECRET' } };
    await write(
      configOf(scene, {
        sources: [
          { name: 'lost', store: 'bucket', ...source },
          { name: 'kept', store: 'local', ...source },
        ],
        stores: [
          { name: 'bucket', url: 's3://nowhere/x', accessKey, pathStyle: true },
          { name: 'local', url: `file://${backups}` },
        ],
      }),
    );
    const { status, stdout, stderr } = await run('--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ runs: [{ source: 'kept', ok: true }] });
    expect(stderr).toContain('its store cannot be read');
    expect(aws.sns.messages).toHaveLength(1);
    expect(`${stdout}${stderr}${JSON.stringify(aws.sns.messages)}`).not.toContain(canary);
  }));

test('what was backed up is copied, by keys of its own, pruned there too, and hooks are told', () =>
  withScene(async (scene) => {
    const { write, run, directory, backups, aws, database, url, keys } = scene;
    const told = path.join(directory, 'told.json');
    const copies = [
      {
        name: 'offsite',
        url: 's3://bucket/second',
        pathStyle: true,
        accessKey: { id: 'test', secret: { env: 'S3_SECRET' } },
        maxAgeHours: 24,
        prune: { keep: { last: 2 } },
      },
      { name: 'lost', url: 's3://nowhere/x', pathStyle: true },
    ];
    await write(
      configOf(scene, {
        sources: [{ name: 'shop', url, password: { env: 'DB_PASSWORD' }, databases: [database], schedules }],
        stores: [{ name: 'local', url: `file://${backups}` }],
        copies,
        hooks: { afterRun: ['/bin/sh', '-c', `cat > '${told}'`] },
      }),
    );
    const { status, stdout, stderr } = await run('--json');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('NOT COPIED shop') });
    const report = JSON.parse(stdout) as { runs: object[]; steps: object[] };
    expect(report.runs).toMatchObject([{ source: 'shop', ok: true }]);
    expect(report.steps).toMatchObject([
      { work: 'copy', name: 'offsite', ok: true },
      { work: 'copy', name: 'lost', ok: false },
      { work: 'prune', name: 'local', ok: true },
      { work: 'prune', name: 'offsite', ok: true },
    ]);
    const [id = ''] = (await keys())
      .filter((key) => key.endsWith('/manifest.json'))
      .map((key) => path.dirname(key));
    expect(aws.s3.keys('bucket')).toContain(`second/${id}/manifest.json`);
    expect(aws.s3.keys('bucket').filter((key) => key.includes('status/'))).toEqual([]);
    expect(aws.sns.messages.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^NOT COPIED shop/),
    ]);
    const heard = JSON.parse(await readFile(told, 'utf8')) as { ok: boolean };
    expect(heard.ok).toBe(false);
    expect(`${stdout}${stderr}${JSON.stringify(heard)}`).not.toContain(canary);
  }));

test('a run that is interrupted leaves no record, and is done again', () =>
  withScene(async (scene) => {
    const { write, database, url, keys, env, directory } = scene;
    const slow = [
      { name: 'slow', ...{ url, password: { env: 'DB_PASSWORD' }, databases: [database], schedules } },
    ];
    // A hook is waited for: until it has begun, the run is under way.
    const mark = path.join(directory, 'begun');
    const hooks = { afterBackup: ['/bin/sh', '-c', `touch '${mark}'; sleep 60`] };
    const config = await write({ ...configOf(scene, { sources: slow }), hooks });
    const started = await cli.start(['run', '--config', config], {
      env,
    });
    for (let tries = 0; tries < 200 && !(await readdir(directory)).includes('begun'); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    started.child.kill('SIGTERM');
    const { status, stderr } = await started.ended;
    expect({ status, stderr }).toMatchObject({ status: 143 });
    expect((await keys()).filter((key) => key.startsWith('status/'))).toEqual([]);
    await write(configOf(scene, { sources: slow }));
    expect(await scene.run()).toMatchObject({ status: 0, stderr: '' });
    expect((await keys()).filter((key) => key.startsWith('status/'))).toHaveLength(1);
  }));

test('eight mistakes are told at once, and nothing of a secret', () =>
  withScene(async (scene) => {
    const { write, run, keys } = scene;
    await write({
      sources: [
        { name: 'a', url: `postgresql://u:${canary}@h/`, schedules: [{ name: 'x', cron: '0 25 * * *' }] },
        {
          name: 'A',
          password: canary,
          store: 'nix',
          schedules: [{ name: 'x', cron: '0 2 1 * mon' }],
          pasword: canary,
        },
      ],
      stores: [{ name: 'local', url: '/backups', storageClas: canary }],
      copies: [{ name: 'local', url: 's3://bkt/x' }],
      prune: { keep: {} },
    });
    const { status, stderr, stdout } = await run('--json');
    expect(status).toBe(2);
    const problems = (JSON.parse(stdout) as { error: { problems: { path: string }[] } }).error.problems;
    expect(problems.map((one) => one.path).sort()).toEqual([
      'copies[0].name',
      'prune.keep',
      'sources[0].schedules[0].cron',
      'sources[0].url',
      'sources[1].name',
      'sources[1].password',
      'sources[1].pasword',
      'sources[1].schedules[0].cron',
      'sources[1].store',
      'stores[0].storageClas',
      'stores[0].url',
    ]);
    expect(stderr).toContain('has 11 problems:');
    expect(`${stderr}${stdout}`).not.toContain(canary);
    expect(await keys()).toEqual([]);
  }));

test('secrets that are not there are all told before anything starts', () =>
  withScene(async (scene) => {
    const { write, run, directory, keys } = scene;
    await writeFile(path.join(directory, 'open'), canary, { mode: 0o644 });
    await writeFile(path.join(directory, 'empty'), '\n', { mode: 0o600 });
    const source = (name: string, password: object): object => ({ name, url: 'host=h', password, schedules });
    await write(
      configOf(scene, {
        sources: [
          source('a', { env: 'NOT_SET' }),
          source('b', { file: 'open' }),
          source('c', { file: 'empty' }),
          source('d', { file: 'nowhere' }),
          source('e', { credential: 'db' }),
        ],
      }),
    );
    const { status, stderr } = await run();
    expect(status).toBe(2);
    expect(stderr).toContain('has 5 problems:');
    expect(stderr).toMatch(/sources\[1\]\.password: got the file .*others may read \(mode 644\)/);
    expect(stderr).not.toContain(canary);
    expect(await keys()).toEqual([]);
  }));

test.each([
  ['nothing', '', 'the whole file: got nothing'],
  ['a list', '- a\n', 'the whole file: got a list'],
  ['a text', 'hello\n', 'the whole file: got "hello"'],
  ['a key twice', 'stores: []\nstores: []\n', 'line 2, column 1: got a key that is there twice'],
  ['a tab', 'sources:\n\t- name: x\n', 'line 2'],
  ['two documents', 'a: 1\n---\nb: 1\n', 'a second document'],
  ['a tag', 'sources: !!js/function "x"\n', 'got a tag'],
  ['a secret in a broken line', `sources: "${canary}\n`, 'has one problem:'],
  ['bytes', Buffer.from([0xff, 0xfe, 0x00]), 'no UTF-8'],
])('of %s it is said what is wrong with it', async (name, content, told) => {
  const file = path.join(cli.directory, `${name}.yaml`);
  await writeFile(file, content);
  const { status, stdout, stderr } = await cli.run(['run', '--config', file]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(told);
  expect(stderr).not.toContain(canary);
  await rm(file);
});

test('a thousand million names are not written out', async () => {
  const file = path.join(cli.directory, 'bomb.yaml');
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let index = 1; index < 10; index += 1)
    lines.push(`a${index}: &a${index} [${Array.from({ length: 10 }, () => `*a${index - 1}`).join(',')}]`);
  await writeFile(file, lines.join('\n'));
  const { status, stderr } = await cli.run(['run', '--config', file]);
  expect(status).toBe(2);
  expect(stderr).toContain('repeated too often');
});

test('a directory, and a file that is not there, are wrong calls', async () => {
  const told = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await cli.run(['run', ...args], { cwd: cli.directory });
    expect(status).toBe(2);
    return stderr;
  };
  expect(await told('--config', cli.directory)).toContain('a directory');
  expect(await told('--config', 'nowhere.yaml')).toContain('ENOENT');
});

test('without a flag the first of the usual places is taken, and none is a wrong call', async () => {
  // Not by the command: the machine may have a night of its own, which a test must not run.
  const file = path.join(cli.directory, 'night.yaml');
  await writeFile(file, '{}');
  await expect(readConfiguration(undefined, ['/nowhere/a.yaml', file])).rejects.toThrow(`(${file})`);
  await expect(readConfiguration(undefined, ['/nowhere/a.yaml'])).rejects.toThrow('pgproof init');
});
