import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import type { RestoreFailed, RestoreReport } from '../../../../core/restore/report.ts';
import { type Selection, type TableSelector, wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import type { Format } from '../../../../core/vocabulary.ts';
import type { BackupFixture } from '../../../support/backup/made-up.ts';
import { recordBackup } from '../../../support/backup/recorded.ts';
import { realTools, withDirectory } from '../../../support/backup/run.ts';
import { toolsOf } from '../../../support/postgres/engine-restore.ts';
import { verificationTools } from '../../../support/postgres/programs.ts';
import {
  runSql,
  type TestDatabase,
  testMajors,
  uniqueName,
  withDatabase,
} from '../../../support/postgres/servers.ts';

/*
 * An enum's values are hashed by their OIDs, which a restore gives anew: pg_dump loads hash partitions over one through
 * the root of their tree, and rows come to lie in other partitions than at the source.
 */
const sql = `
  create type mood as enum ('sad', 'ok', 'happy', 'angry', 'calm', 'bored', 'keen', 'shy');
  create table person (id int, m mood, note text) partition by hash (m);
  create table person_0 partition of person for values with (modulus 3, remainder 0);
  create table person_1 partition of person for values with (modulus 3, remainder 1);
  create table person_2 partition of person for values with (modulus 3, remainder 2);
  create index on person (id);
  insert into person select i, (enum_range(null::mood))[1 + i % 8], 'n' || i from generate_series(1, 1000) i;
  create schema "odd s";
  create table "odd s".visit (area int, m mood, id int) partition by list (area);
  create table "odd s"."north""" partition of "odd s".visit for values in (1) partition by hash (m);
  create table "odd s"."n 0" partition of "odd s"."north""" for values with (modulus 2, remainder 0);
  create table "odd s"."n 1" partition of "odd s"."north""" for values with (modulus 2, remainder 1)
    partition by range (id);
  create table "odd s".low partition of "odd s"."n 1" for values from (0) to (60);
  create table "odd s".high partition of "odd s"."n 1" for values from (60) to (1000);
  create table "odd s".south partition of "odd s".visit for values in (2);
  insert into "odd s".visit select 1 + i % 2, (enum_range(null::mood))[1 + i % 8], i from generate_series(1, 200) i;
  create table plain (id int, at date) partition by range (id);
  create table plain_1 partition of plain for values from (0) to (10);
  create table plain_2 partition of plain for values from (10) to (20);
  insert into plain select i, '2024-01-01' from generate_series(0, 19) i;`;

const dependencies = { tools: realTools, verificationTools, clock: () => new Date() };

const verify = async ({ id, directory }: BackupFixture, level: 'read' | 'restore'): Promise<Verification> =>
  await verifyBackup({ id, level }, { store: fileStore({ directory }), ...dependencies });

function told({ verdict, checks }: Verification): string {
  const bad = checks.filter(({ status }) => status !== 'passed');
  return [verdict, ...bad.map(({ name, detail }) => `${name}: ${detail}`)].join('\n');
}

const detailOf = ({ checks }: Verification, wanted: string): string | undefined =>
  checks.find(({ name }) => name === wanted)?.detail;

async function withBackup(
  major: number,
  format: Format,
  use: (backup: BackupFixture, database: TestDatabase) => Promise<void>,
): Promise<void> {
  await withDatabase(major, { sql }, (database) =>
    withDirectory(async (directory) => {
      const { parameters } = database;
      const tools = await realTools(major);
      await use(await recordBackup({ directory, tools, parameters, format, fingerprint: true }), database);
    }),
  );
}

const change =
  (change: (table: Manifest['tables'][number]) => Partial<Manifest['tables'][number]>) =>
  (manifest: Manifest): Manifest => ({
    ...manifest,
    tables: manifest.tables.map((table) => ({ ...table, ...change(table) })),
  });

const withoutRoots = (manifest: Manifest): Manifest => ({
  ...manifest,
  tables: manifest.tables.map(({ root: _root, ...table }) => table),
});

describe.each(testMajors())('PostgreSQL %i', (major) => {
  test('a backup whose rows go through the root is proven, with or without recorded roots', () =>
    withBackup(major, 'custom', async (backup) => {
      const { tables } = await backup.manifest();
      expect(tables.find(({ name }) => name === 'high')?.root).toEqual({ schema: 'odd s', name: 'visit' });
      const proof = await verify(backup, 'restore');
      expect(told(proof)).toBe('proven');
      expect(detailOf(proof, 'read')).toContain('3 of them through public.person');
      expect(detailOf(proof, 'rows')).toContain('those of public.person in other partitions');
      await backup.editManifest(withoutRoots);
      expect(told(await verify(backup, 'restore'))).toBe('proven');
    }));
});

const major = Math.max(...testMajors());

test.each(['plain', 'tar', 'directory'] as const)('%s is read', (format) =>
  withBackup(major, format, async (backup) => {
    expect(told(await verify(backup, 'read'))).toBe('intact');
  }),
);

test('a row that is missing, or recorded of no partition, is told of the root', () =>
  withBackup(major, 'plain', async (backup) => {
    const path = backup.path('archive.sql');
    const whole = await readFile(path, 'utf8');
    const lost = whole.replace(/\n\d+\t\w+\tn\d+\n/, '\n');
    expect(lost).not.toBe(whole);
    await writeFile(path, lost);
    await backup.rehash();
    const words = 'public.person, through which 3 partitions are loaded, has 999 rows, recorded were 1 000';
    expect(told(await verify(backup, 'read'))).toContain(words);
    await backup.editManifest(withoutRoots);
    expect((await verify(backup, 'read')).verdict).toBe('failed');
    // A partition whose block is gone altogether.
    await writeFile(path, whole.replace(/^COPY public\.person [\s\S]*?\n\\\.\n/m, ''));
    await backup.rehash();
    expect(told(await verify(backup, 'read'))).toContain('failed');
  }));

test('content that is not as recorded is told although the rows lie elsewhere', () =>
  withBackup(major, 'custom', async (backup) => {
    await backup.editManifest(
      change(({ name, fingerprint }) =>
        name === 'person_1'
          ? { fingerprint: fingerprint?.replace(/.$/, (last) => (last === '0' ? '1' : '0')) ?? null }
          : {},
      ),
    );
    expect(told(await verify(backup, 'restore'))).toBe(
      'failed\nfingerprint: public.person has other content',
    );
  }));

describe('pgproof restore', () => {
  const restore = async (
    { id, directory, manifest }: BackupFixture,
    { parameters }: TestDatabase,
    tables: readonly TableSelector[],
    more: Partial<Selection> = {},
  ): Promise<{
    report: RestoreReport;
    ask: (sql: string) => Promise<unknown[]>;
    drop: () => Promise<unknown>;
  }> => {
    const database = uniqueName();
    const report = await restoreBackup(
      {
        id,
        database,
        create: true,
        intoNonEmpty: false,
        selection: { ...wholeBackup, tables, ...more },
        applyGlobals: false,
      },
      {
        store: fileStore({ directory }),
        manifest: await manifest(),
        target: parameters,
        tools: toolsOf,
        clock: () => new Date(),
        scratch: temporaryScratch(),
        signal: new AbortController().signal,
      },
    ).catch((error: RestoreFailed) => error.report);
    return {
      report,
      ask: (sql) => runSql({ ...parameters, database }, sql),
      drop: () => runSql(parameters, `drop database if exists ${database}`),
    };
  };
  // One tree each, as its few values may by chance lie where they did.
  const treeOf = (name: string): string =>
    /^(?:high|low|n 0|south)$/.test(name) ? 'visit' : name.replace(/^person_\d$/, 'person');
  const rowsOf = ({ tables }: RestoreReport): string[] => {
    const trees = new Map<string, number>();
    for (const { name, restored, status } of tables) {
      const key = `${treeOf(name)} ${status}`;
      trees.set(key, (trees.get(key) ?? 0) + (restored ?? 0));
    }
    return [...trees].map(([key, rows]) => `${key}: ${rows}`).sort();
  };
  const visit = { schema: 'odd s', name: 'visit' };

  test('compares the tree where rows lie elsewhere, and finds one that is not there', () =>
    withBackup(major, 'custom', async (backup, database) => {
      const whole = await restore(backup, database, []);
      expect(whole.report.problems).toEqual([]);
      expect(rowsOf(whole.report)).toEqual([
        'person as recorded: 1000',
        'plain_1 as recorded: 10',
        'plain_2 as recorded: 10',
        'visit as recorded: 200',
      ]);
      await whole.drop();
      await backup.editManifest(
        change(({ name, rows }) => (name === 'person_2' ? { rows: (rows ?? 0) + 1 } : {})),
      );
      const less = await restore(backup, database, []);
      // Of the tree, or of the one partition where by chance each row lies where it lay.
      expect(rowsOf(less.report)).toContainEqual(expect.stringMatching(/^person differs: /));
      await less.drop();
    }));

  test.each(['custom', 'plain', 'directory'] as const)(
    'what nobody counted at the source is compared with what the archive holds: %s',
    (format) =>
      withBackup(major, format, async (backup, database) => {
        await backup.editManifest(
          change(({ name, rows }) => ({ fingerprint: null, rows: name === 'plain_2' ? rows : null })),
        );
        const { report, drop } = await restore(backup, database, []);
        expect(report.problems).toEqual([]);
        expect(rowsOf(report)).toEqual([
          'person as in the archive: 1000',
          'plain_1 as in the archive: 10',
          'plain_2 as recorded: 10',
          'visit as in the archive: 200',
        ]);
        await drop();
        // Those that come to lie elsewhere are the root's, in a verification too.
        const verified = await verify(backup, 'restore');
        expect(told(verified)).toBe('proven');
        expect(detailOf(verified, 'rows')).toContain('those of public.person in other partitions');
      }),
  );

  test('a partitioned table is its partitions, at every level', () =>
    withBackup(major, 'custom', async (backup, database) => {
      const { report, ask, drop } = await restore(backup, database, [
        visit,
        { schema: undefined, name: 'plain' },
      ]);
      expect(report.problems).toEqual([]);
      expect(rowsOf(report)).toEqual([
        'plain_1 as recorded: 10',
        'plain_2 as recorded: 10',
        'visit as recorded: 200',
      ]);
      expect(
        await ask(
          `select count(*)::int as n, count(*) filter (where area = 2)::int as south from "odd s".visit`,
        ),
      ).toEqual([{ n: 200, south: 100 }]);
      await drop();
      const part = await restore(backup, database, [{ schema: 'odd s', name: 'north"' }]);
      expect(part.report.problems).toEqual([]);
      expect(await part.ask(`select count(*)::int as n from "odd s".visit`)).toEqual([{ n: 100 }]);
      await part.drop();
    }));

  test('one partition comes with its rows, by itself where it can and in its tree where it must', () =>
    withBackup(major, 'directory', async (backup, database) => {
      const { report, ask, drop } = await restore(backup, database, [
        { schema: undefined, name: 'person_1' },
        { schema: undefined, name: 'plain_2' },
      ]);
      expect(report.problems).toEqual([]);
      expect(report.notes.join()).toContain('public.person was made too');
      const recorded = (await backup.manifest()).tables.find(({ name }) => name === 'person_1')?.rows;
      expect(rowsOf(report)).toEqual([`person as recorded: ${recorded}`, 'plain_2 as recorded: 10']);
      expect(await ask(`select to_regclass('plain') is null as alone`)).toEqual([{ alone: true }]);
      await drop();
    }));

  test('a partition that was dropped comes back into its tree', () =>
    withBackup(major, 'custom', async (backup, database) => {
      await database.query('drop table person_1');
      const request = {
        id: backup.id,
        database: database.name,
        create: false,
        intoNonEmpty: true,
        selection: { ...wholeBackup, tables: [{ schema: undefined, name: 'person_1' }] },
        applyGlobals: false,
      };
      const { problems } = await restoreBackup(request, {
        store: fileStore({ directory: backup.directory }),
        manifest: await backup.manifest(),
        target: database.parameters,
        tools: toolsOf,
        clock: () => new Date(),
        scratch: temporaryScratch(),
        signal: new AbortController().signal,
      });
      expect(problems).toEqual([]);
      expect(await database.query('select count(*)::int as n from person')).toEqual([{ n: 1000 }]);
    }));
});
