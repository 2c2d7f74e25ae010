import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CopyReport } from '../../../core/copy/request.ts';
import type { PruneReport } from '../../../core/prune/report.ts';
import type { Report } from '../../../core/report/document.ts';
import { prunableFileStore } from '../../../core/store/file/prunable-file-store.ts';
import { nightly, writePast } from '../../support/backup/history.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { withoutOverride } from '../../support/cli/without-override.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** A directory that leads to itself: nobody looks into it, whoever he is. */
async function close(directory: string, folder: string): Promise<void> {
  await symlink(join(directory, folder), join(directory, folder));
}

/** Five nights of one database, beside a source and a database that cannot be looked into. */
async function fill(directory: string): Promise<readonly string[]> {
  const store = prunableFileStore({ directory });
  const ids: string[] = [];
  for (const past of nightly(5, '2026-10-20')) ids.push(await writePast(store, past));
  const [source = ''] = ids[0]?.split('/') ?? [];
  await close(directory, 'closed%20source');
  await close(directory, `${source}/closed`);
  return ids;
}

const isClosed = (folder: string): object => ({ folder, why: expect.stringContaining('ELOOP') as string });

function withClosed(
  use: (place: {
    readonly ids: readonly string[];
    readonly source: string;
    readonly directory: string;
    readonly url: string;
    readonly run: (...args: string[]) => Promise<CliResult>;
  }) => Promise<void>,
): Promise<void> {
  return withFileStore(async ({ directory, url }) => {
    await mkdir(directory, { recursive: true });
    const ids = await fill(directory);
    const source = ids[0]?.split('/')[0] ?? '';
    const run = (...args: string[]): Promise<CliResult> => cli.run([...args, '--store', url]);
    await use({ ids, source, directory, url, run });
  });
}

test('prune does the rest, touches nothing in a folder that it cannot look into, and says so', () =>
  withClosed(async ({ ids, source, run }) => {
    const keep = ['prune', '--keep', 'last=3', '--min', '1'];
    const dry = await run(...keep, '--sweep', '--orphan', `${source}/closed/2026-10-01T02-00-00Z`, '--json');
    expect([dry.status, dry.stderr]).toEqual([
      1,
      expect.stringContaining('closed%20source cannot be looked'),
    ]);
    const { closed, groups, notOrphans } = JSON.parse(dry.stdout) as PruneReport;
    expect(closed).toEqual([isClosed('closed%20source'), isClosed(`${source}/closed`)]);
    expect(groups).toHaveLength(1);
    expect(notOrphans?.map(({ why }) => why)).toEqual([expect.stringContaining('ELOOP')]);

    const done = await run(...keep, '--yes');
    expect([done.status, done.stderr]).toEqual([1, expect.stringContaining('nothing was touched there')]);
    const left = JSON.parse((await run('list', '--json')).stdout) as { readonly id: string }[];
    expect(left.map(({ id }) => id)).toEqual([...ids].slice(2).reverse());
  }));

test('what lies half written and cannot be looked at hides no report of a prune', () =>
  withFileStore(async ({ directory, url }) => {
    await mkdir(directory, { recursive: true });
    const store = prunableFileStore({ directory });
    for (const past of nightly(5, '2026-10-20')) await writePast(store, past);
    const staging = join(directory, '.staging');
    await mkdir(staging, { recursive: true });
    await chmod(staging, 0);
    try {
      const args = ['prune', '--keep', 'last=3', '--min', '1', '--store', url, '--json'];
      const dry = await cli.run(args, { through: withoutOverride });
      expect(dry.status, dry.stderr).toBe(0);
      const { leftoversUnknown, groups } = JSON.parse(dry.stdout) as PruneReport;
      expect([leftoversUnknown, groups.length]).toEqual([expect.stringContaining('EACCES'), 1]);
      // Nothing is deleted without a word of it in the store, and that has to lie there first.
      const refused = await cli.run([...args, '--yes'], { through: withoutOverride });
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('EACCES')]);
    } finally {
      await chmod(staging, 0o700);
    }
  }));

test('copy --all-missing brings the rest, and says what it could not look into on either side', () =>
  withClosed(async ({ ids, source, directory, run }) =>
    withFileStore(async (other) => {
      const copy = ['copy', '--all-missing', '--to', other.url];
      const dry = await run(...copy, '--dry-run', '--json');
      const found = JSON.parse(dry.stdout) as { missing: string[]; closed: object[] };
      expect([found.missing.length, found.closed]).toEqual([
        ids.length,
        [isClosed('closed%20source'), isClosed(`${source}/closed`)],
      ]);
      const done = await run(...copy, '--json');
      expect([done.status, done.stderr]).toEqual([1, expect.stringContaining('what lies in 2 folders of')]);
      const report = JSON.parse(done.stdout) as CopyReport;
      expect(report.backups.map(({ kind }) => kind)).toEqual(ids.map(() => 'copied'));
      expect(report.closed).toEqual(found.closed);

      // There what there is of a database cannot be seen: whether it is missing nobody knows.
      const store = prunableFileStore({ directory });
      const [past] = nightly(1, '2026-10-20');
      if (past === undefined) throw new Error('there is a night');
      const hidden = await writePast(store, { ...past, database: 'hidden' });
      await close(other.directory, `${source}/hidden`);
      const again = await run(...copy, '--json');
      expect(again.status).toBe(1);
      expect((JSON.parse(again.stdout) as CopyReport).backups).toEqual([
        { id: hidden, kind: 'failed', error: expect.stringContaining('ELOOP') as string },
      ]);
    }),
  ));

test('a report says what it could not look into, and does not say that there are no gaps', () =>
  withClosed(async ({ source, run }) => {
    const flags = ['report', '--month', '2026-10', '--json'];
    const { status, stdout } = await run(...flags);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ isWhole: false, hasGaps: true, totals: { databases: 1, backups: 5 } });
    expect(report.unreadable).toEqual(
      ['closed%20source/', `${source}/closed/`].map((key) => ({
        key,
        why: expect.stringContaining('ELOOP') as string,
      })),
    );
    const failing = await run(...flags, '--fail-on-gaps');
    expect([failing.status, failing.stderr]).toEqual([
      1,
      expect.stringContaining('a folder that cannot be looked into'),
    ]);
    const none = await run('report', '--month', '2026-10', '--name', 'closed source');
    expect([none.status, none.stdout]).toEqual([
      0,
      expect.stringContaining('closed%20source/ could not be read'),
    ]);
  }));
