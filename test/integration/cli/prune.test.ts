import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileStore } from '../../../core/store/file/file-store.ts';
import { s3Store as productS3Store } from '../../../core/store/s3/s3-store.ts';
import type { Store } from '../../../core/store/store.ts';
import { nightly, type PastBackup, writePast } from '../../support/backup/history.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { type CliStore, storeKinds, withFileStore, withStore } from '../../support/cli/stores.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.close());

function opened({ url, env }: CliStore): Store {
  if (url.startsWith('file:')) return fileStore({ directory: decodeURIComponent(new URL(url).pathname) });
  return productS3Store({
    bucket: 'bucket',
    prefix: 'some/prefix',
    region: 'us-east-1',
    endpoint: env.AWS_ENDPOINT_URL,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

/** As the clock of the machine stands: the command takes no other. */
const today = new Date().toISOString().slice(0, 10);

async function fill(store: CliStore, history: readonly PastBackup[]): Promise<string[]> {
  const ids: string[] = [];
  for (const past of history) ids.push(await writePast(opened(store), past));
  return ids;
}

const past = (nights: number, each?: Parameters<typeof nightly>[2]): PastBackup[] =>
  nightly(nights, today, each).map((one) => ({
    ...one,
    startedAt: new Date(one.startedAt.getTime() - 86_400_000),
  }));

describe.each(storeKinds)('in a store of kind %s', (kind) => {
  test('prune says what it would do, does it with --yes, and list says why the rest is kept', () =>
    withStore(kind, async (store) => {
      const ids = await fill(store, past(12));
      const prune = (...flags: string[]): ReturnType<Cli['run']> =>
        cli.run(['prune', '--store', store.url, '--keep', 'daily=7', ...flags], { env: store.env });
      const before = await store.keys();
      const said = await prune();
      expect(said).toMatchObject({ status: 0, stderr: '' });
      expect(said.stdout).toContain('5 backups would go');
      expect(said.stdout).toContain('add --yes');
      expect(said.stdout).toMatch(/daily 7 of 7/);
      expect(await store.keys()).toEqual(before);
      const done = await prune('--yes', '--json');
      expect(done).toMatchObject({ status: 0, stderr: '' });
      const report = JSON.parse(done.stdout) as {
        groups: { lines: { id: string; outcome?: { kind: string }; reasons: { kind: string }[] }[] }[];
      };
      const gone = report.groups[0]?.lines.filter(({ outcome }) => outcome?.kind === 'gone') ?? [];
      expect(gone.map(({ id }) => id).sort()).toEqual(ids.slice(0, 5));
      expect(report.groups[0]?.lines.every(({ reasons }) => reasons.length > 0)).toBe(true);
      expect((await store.keys()).filter((key) => ids.slice(0, 5).some((id) => key.startsWith(id)))).toEqual(
        [],
      );
      const listed = await cli.run(['list', '--store', store.url, '--json'], { env: store.env });
      const entries = JSON.parse(listed.stdout) as { id: string; kept: { by: string; until: string } }[];
      expect(entries.map(({ id }) => id)).toEqual(ids.slice(5).reverse());
      expect(entries[0]?.kept.by).toContain('daily');
      expect(Date.parse(entries[0]?.kept.until ?? '')).toBeGreaterThan(Date.now());
    }));

  test('what is held stays, and is released again', () =>
    withStore(kind, async (store) => {
      const [first = ''] = await fill(store, past(6));
      const run = (...args: string[]): ReturnType<Cli['run']> =>
        cli.run([...args, '--store', store.url], { env: store.env });
      const held = await run('hold', first, '--reason', 'the \u001b[31maudit', '--by', 'anna');
      expect(held).toMatchObject({ status: 0, stderr: '' });
      expect(held.stdout).not.toContain('\u001b');
      expect((await run('prune', '--keep', 'last=3', '--yes')).stdout).toContain('2 backups gone');
      const twice = await run('hold', first, '--reason', 'another');
      expect(twice.status).toBe(1);
      expect(twice.stderr).toContain('is held already: by anna');
      expect((await run('show', first)).stdout).toMatch(/Held: .*audit/);
      expect((await run('list', '--held')).stdout).toContain(first);
      expect(await run('release', first)).toMatchObject({ status: 0 });
      expect(await run('release', first)).toMatchObject({ status: 1 });
      expect((await run('prune', '--keep', 'last=3', '--yes')).stdout).toContain('1 backup gone');
    }));
});

test('while the newest is bad nothing goes, and the status is 1', () =>
  withFileStore(async (store) => {
    const ids = await fill(
      store,
      past(12, (night) => ({ verdict: night === 11 ? 'failed' : 'proven' })),
    );
    const { status, stdout, stderr } = await cli.run([
      'prune',
      '--store',
      store.url,
      '--keep',
      'last=3',
      '--yes',
    ]);
    expect(status).toBe(1);
    expect(stdout).toContain('Nothing goes');
    expect(stderr).toContain(`the newest backup is bad: ${ids[11]}`);
    expect((await store.keys()).filter((key) => key.endsWith('/manifest.json'))).toHaveLength(12);
  }));

test('where nothing is ever verified, that is said, and --no-verified counts all', () =>
  withFileStore(async (store) => {
    await fill(
      store,
      past(12, () => ({ verdict: 'none' })),
    );
    const refused = await cli.run(['prune', '--store', store.url, '--keep', 'last=3', '--yes']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('--no-verified');
    const done = await cli.run(['prune', '--store', store.url, '--keep', 'last=3', '--no-verified', '--yes']);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toContain('9 backups gone');
  }));

test.each([
  ['no rule', []],
  ['nothing as rules', ['--keep', '']],
  ['a typo in a rule', ['--keep', 'dayly=7']],
  ['a typo in a unit', ['--keep', 'within=30x']],
  ['a negative number', ['--keep', 'daily=-1']],
  ['nothing as a number', ['--keep', 'daily=']],
  ['part of a number', ['--keep', 'daily=1.5']],
  ['a rule twice', ['--keep', 'daily=7,daily=0']],
  ['no rule that keeps anything', ['--keep', 'daily=0']],
  ['an unknown zone', ['--keep', 'daily=7', '--time-zone', 'Mars/Base']],
  ['no floor', ['--keep', 'daily=7', '--min', '0']],
  ['an orphan that is no id', ['--orphan', '../x']],
])('%s is a wrong call that deletes nothing', (_, flags) =>
  withFileStore(async (store) => {
    await fill(store, past(2));
    const before = await store.keys();
    const { status, stdout, stderr } = await cli.run(['prune', '--store', store.url, '--yes', ...flags]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^pgproof: /);
    expect(await store.keys()).toEqual(before);
  }),
);

test.each([
  ['a hold without a reason', ['hold', 'prod/app/latest']],
  ['a hold for an empty reason', ['hold', 'prod/app/latest', '--reason', ' ']],
  ['a hold until yesterday', ['hold', 'prod/app/latest', '--reason', 'x', '--until', '2020-01-01']],
  ['a hold until no day', ['hold', 'prod/app/latest', '--reason', 'x', '--until', '2027-02-30']],
])('%s is a wrong call', (_, args) =>
  withFileStore(async (store) => {
    await fill(store, past(1));
    expect(await cli.run([...args, '--store', store.url])).toMatchObject({ status: 2 });
    expect((await store.keys()).filter((key) => key.endsWith('hold.json'))).toEqual([]);
  }),
);

test.each([
  ['a store that is one level too deep', (url: string) => ['--store', `${url}/prod`], 1, 'but other things'],
  [
    'a name that nothing has',
    (url: string) => ['--store', url, '--name', 'Prod'],
    0,
    'No backup of the source "Prod"',
  ],
  [
    'a database that nothing has',
    (url: string) => ['--store', url, '--database', 'ap'],
    0,
    'No backup of the database "ap"',
  ],
])('%s is told', (_, flags, expected, told) =>
  withFileStore(async (store) => {
    await fill(store, past(1));
    const { status, stderr } = await cli.run(['prune', '--keep', 'last=3', '--yes', ...flags(store.url)]);
    expect({ status, stderr }).toEqual({ status: expected, stderr: expect.stringContaining(told) });
  }),
);

test('a sweep alone says that no backup was looked at', () =>
  withFileStore(async (store) => {
    await fill(store, past(2));
    const swept = await cli.run(['prune', '--store', store.url, '--sweep']);
    expect(swept).toMatchObject({ status: 0, stderr: '' });
    expect(swept.stdout).toContain('No backup was looked at');
  }));
