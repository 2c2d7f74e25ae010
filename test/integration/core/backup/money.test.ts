import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { parseManifest, serialize } from '../../../../core/manifest/manifest.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { holdsMoney } from '../../../../core/postgres/facts/holds-money.ts';
import { chooseTools, type FoundTools } from '../../../../core/postgres/programs/tools.ts';
import { wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import { verdictWords } from '../../../../core/verify/verdict-words.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { findTools } from '../../../support/postgres/programs.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';

const locale = 'en_GB.UTF-8';
/** Amounts as columns, and as constants of whatever kind. */
const amounts = `set lc_monetary = '${locale}';
  create domain price as money check (value > '£1.50'); create table t (a money default '£2.50', b money[], c price);
  insert into t values ('£12.50', array['£1,250.00', null]::money[], '£2'); create view v as select '£3.25'::money as a;
  create materialized view m as select ('£4.' || '50')::money as a; create index on t (a) where a > '£5'`;

type Told = {
  readonly verification: Verification;
  /** Verified again, with what was said to be acceptable. */
  readonly accepted: Verification | undefined;
  readonly restored: unknown;
};

/**
 * A backup by sessions under `lc_monetary`, proven and restored beside the source.
 * @param recorded what the manifest says of it instead
 */
async function proveAndRestore(
  parameters: ConnectionParameters,
  lcMonetary: string,
  recorded?: string,
): Promise<Told> {
  return withFileStore(async (store, _files, directory) => {
    const source = { ...parameters, options: `-c lc_monetary=${lcMonetary}` };
    const { databases } = await runBackup(source, store, { fingerprint: true }).outcome;
    const [done] = databases;
    if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
    const path = join(directory, ...done.id.split('/'), 'manifest.json');
    let manifest = parseManifest(await readFile(path), path);
    if (recorded !== undefined) {
      const settings = { ...manifest.dump.settings, lc_monetary: recorded };
      manifest = { ...manifest, dump: { ...manifest.dump, settings } };
      await writeFile(path, serialize(manifest));
    }
    const id = parseId(done.id);
    const verification = await verifyNow(store, done.id, 'restore');
    const accepted =
      recorded === undefined ? undefined : await verifyNow(store, done.id, 'restore', [`locale ${recorded}`]);
    const database = uniqueName('money');
    try {
      const { signal } = new AbortController();
      const scratch = temporaryScratch();
      const tools = async (major: number): Promise<FoundTools> => chooseTools(await findTools(), major);
      const clock = (): Date => new Date();
      const dependencies = { store, manifest, target: parameters, tools, clock, scratch, signal };
      const request = {
        id,
        database,
        create: true,
        intoNonEmpty: false,
        selection: wholeBackup,
        applyGlobals: false,
      };
      const failure = await restoreBackup(request, dependencies).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) return { verification, accepted, restored: failure };
      return {
        verification,
        accepted,
        restored: await runSql(
          { ...parameters, database, options: '-c lc_monetary=C' },
          'select a::text from t',
        ),
      };
    } finally {
      await runSql(parameters, `drop database if exists ${database}`);
    }
  });
}

const summary = ({ verdict, checks }: Verification): string =>
  [verdict, ...checks.filter(({ status }) => status !== 'passed').map(({ detail }) => detail)].join(': ');

async function hasLocale(parameters: ConnectionParameters): Promise<boolean> {
  return runSql(parameters, `set lc_monetary = '${locale}'`).then(
    () => true,
    () => false,
  );
}

test('money means the same restored, under the locale of the source', async ({ skip }) => {
  await withDatabase(newestMajor(), {}, async ({ parameters }) => {
    skip(!(await hasLocale(parameters)), `the server's machine has no ${locale}`);
    await runSql(parameters, amounts);
    const { verification, restored } = await proveAndRestore(parameters, locale);
    expect(summary(verification)).toBe('proven');
    expect(restored).toEqual([{ a: '$12.50' }]);
  });
});

test.each(outerMajors())('money of PostgreSQL %i is found wherever an amount may be', async (major) => {
  const places: Readonly<Record<string, string>> = {
    column: 'create table t (a money)',
    array: 'create table t (a money[])',
    domain: 'create domain d as money',
    'composite type': 'create type c as (a money)',
    range: 'create type r as range (subtype = money)',
    view: "create view v as select 1 as a where '$2'::money > '$1'::money",
    default: "create table t (a text default ('$1'::money)::text)",
    check: "create table t (a text check (a::money > '$1'::money))",
    argument: "create function f(a text default '$1'::money::text) returns text language sql as 'select a'",
    none: "create table money (money text default 'money'); create view v as select * from money",
  };
  const found: string[] = [];
  await withDatabase(major, {}, ({ parameters }) =>
    withClient(parameters, async (client) => {
      for (const [place, sql] of Object.entries(places)) {
        await client.query(`begin; ${sql}`);
        if (await holdsMoney(client)) found.push(place);
        await client.query('rollback');
      }
    }),
  );
  expect(found).toEqual(Object.keys(places).filter((place) => place !== 'none'));
});

describe('a locale that is not to be had', () => {
  test('where there is money in it is named with its columns; all else is restored and compared', async () => {
    const sql = `create table t (a money, "odd one" money[] not null default '{}'); insert into t values ('12.50');
      create table plain (id int primary key, money text default 'money'); insert into plain values (1), (2);
      create index on plain (id, money); create view named as select money from plain order by money;
      create view sums as select sum(a) from t; create domain price as money; create table priced (a price);
      create function half(money) returns money language sql as 'select $1 / 2'; create view v as select '$2'::money::text;
      create materialized view m as select id from plain`;
    await withDatabase(newestMajor(), { sql }, async ({ parameters }) => {
      const { verification, accepted, restored } = await proveAndRestore(parameters, 'C', 'xx_XX.UTF-8');
      expect(summary(verification)).toMatch(
        /^unverifiable: locale "xx_XX\.UTF-8", which its money is in, is missing here; left out: .*public\.t\.a, public\.t\."odd one"/,
      );
      const passed = (name: string, words: string): void =>
        expect(verification.checks.find((check) => check.name === name)).toMatchObject({
          status: 'passed',
          detail: expect.stringContaining(words),
        });
      passed('rows', '1 table, 2 rows');
      passed('valid', '2 indexes');
      // Accepting the locale would lose rows, which nobody accepts.
      expect(verdictWords(verification).fix).not.toContain('--without');
      expect(accepted && summary(accepted)).toMatch(/^unverifiable: .*rows of tables: public\.t \(1 row\)/);
      expect(restored).toMatchObject({
        name: 'TargetRefused',
        message: expect.stringContaining('xx_XX.UTF-8'),
      });
    });
  });

  test('may be accepted where no rows are lost for it', async () => {
    const sql = `create table t (a money); create view sums as select sum(a) from t;
      create table plain (id int primary key); insert into plain values (1), (2)`;
    await withDatabase(newestMajor(), { sql }, async ({ parameters }) => {
      const { verification, accepted } = await proveAndRestore(parameters, 'C', 'xx_XX.UTF-8');
      expect(verdictWords(verification).fix).toContain('--without "locale xx_XX.UTF-8"');
      expect(accepted).toMatchObject({ verdict: 'proven-without', without: ['locale xx_XX.UTF-8'] });
    });
  });

  test('does not matter where there is none', async () => {
    await withDatabase(
      newestMajor(),
      { sql: `create table t as select 'x' as a` },
      async ({ parameters }) => {
        const { verification, restored } = await proveAndRestore(parameters, 'C', 'xx_XX.UTF-8');
        expect([summary(verification), restored]).toEqual(['proven', [{ a: 'x' }]]);
      },
    );
  });
});
