import { describe, expect, it } from 'vitest';
import type { BackupPlan } from '../../../../core/backup/plan.ts';
import type { BackupDone } from '../../../../core/backup/report.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import { notifier } from '../../../../core/notify/notifier.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { readNotDumped } from '../../../../core/postgres/facts/not-dumped.ts';
import type { Level } from '../../../../core/vocabulary.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';
import { withStandby } from '../../../support/postgres/standby.ts';

/** A backup with what was told of it, and its verifications. */
async function backedUp(
  parameters: ConnectionParameters,
  levels: readonly Level[] = [],
  plan: Partial<BackupPlan> = {},
): Promise<{
  readonly done: BackupDone;
  readonly told: readonly string[];
  readonly verifications: readonly Verification[];
}> {
  return withFileStore(async (store) => {
    const told: string[] = [];
    const all = notifier({ publish: async ({ text }) => void told.push(text) }, 'all');
    const { databases } = await runBackup(parameters, store, plan, { notifier: all }).outcome;
    const [done] = databases;
    if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
    const verifications: Verification[] = [];
    for (const level of levels) verifications.push(await verifyNow(store, done.id, level));
    return { done, told, verifications };
  });
}

/** `kind name rows`, without the reasons. */
const brief = ({ manifest }: BackupDone): string[] =>
  (manifest.notDumped ?? []).map(
    ({ kind, name, rows }) => `${kind} ${name}${rows === undefined ? '' : ` ${rows}`}`,
  );

const extension = `create extension hstore;
  create table hints (id serial primary key, hint text);
  insert into hints (hint) select 'hint ' || i from generate_series(1, 500) i;
  create table empty (a int); create table standard (id int, own boolean);
  insert into standard values (1, false), (2, false), (3, true), (4, null);
  alter extension hstore add table hints; alter extension hstore add table empty;
  alter extension hstore add table standard; alter extension hstore add sequence hints_id_seq;
  update pg_extension set extconfig = array['standard'::regclass::oid], extcondition = array['where own']
   where extname = 'hstore'`;

describe.each(outerMajors())('what no dump of PostgreSQL %i holds is told', (major) => {
  it('rows and sequences of extensions, and triggers that were switched off', async () => {
    const sql = `${extension}; create table p (id int primary key); create table c (id int, p int references p);
      create table d (p int constraint "odd key" references p);
      alter table c disable trigger all; create table t (a int); create index broken on t (a);
      update pg_index set indisvalid = false where indexrelid = 'broken'::regclass`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      const { done, told } = await backedUp(parameters);
      expect(brief(done)).toEqual([
        'invalid index public.broken',
        'state of triggers public.c',
        'value of a sequence public.hints_id_seq',
        'rows of an extension public.hints 500',
        'rows of an extension public.standard 3',
      ]);
      expect(told.join()).toMatch(
        /To know:\n.*\n- not in the dump: state of triggers: public\.c: .*c_p_fkey/,
      );
      expect(told.join()).toContain('public.hints (500 rows): the table belongs to extension hstore');
    });
  });

  it('what the role may not read: pg_dump warns, and everybody may know the names', async () => {
    const role = uniqueName('reader');
    const sql = `create role ${role} login; grant pg_read_all_data to ${role}; ${extension};
      revoke all on hints from public; create table t (a int);
      create subscription "the feed" connection 'dbname=nowhere' publication orders, "Odd" with (connect = false);
      create foreign data wrapper w; create server far foreign data wrapper w;
      create user mapping for ${role} server far options (password 'secret');
      create user mapping for postgres server far options (password 'secret')`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      try {
        const { done } = await backedUp({ ...parameters, user: role });
        expect(done.manifest.warnings).toEqual([
          expect.objectContaining({
            program: 'pg_dump',
            message: expect.stringContaining('subscriptions not dumped'),
          }),
        ]);
        expect(brief(done)).toEqual(
          expect.arrayContaining([
            `options of a user mapping ${role} at far`,
            'options of a user mapping postgres at far',
            'subscription the feed',
          ]),
        );
        expect(done.manifest.notDumped?.find(({ kind }) => kind === 'subscription')?.reason).toMatch(
          /this one takes orders, "Odd"$/,
        );
        expect((await backedUp(parameters)).done.manifest.warnings).toEqual([]);
      } finally {
        await runSql(
          parameters,
          'alter subscription "the feed" set (slot_name = none); drop subscription "the feed"',
        );
        await runSql(parameters, `drop owned by ${role} cascade`);
        await runSql(parameters, `drop user mapping for ${role} server far; drop role ${role}`).catch(
          () => undefined,
        );
      }
    });
  });
});

it('a table that is locked, or not to be counted, is told without a number', async () => {
  await withDatabase(newestMajor(), { sql: extension }, async ({ parameters }) => {
    await withClient(parameters, async (other) => {
      await other.query('begin; lock table hints in access exclusive mode');
      const found = await withClient(parameters, async (client) => {
        await client.query('begin');
        return await readNotDumped(client, { isCounted: true, signal: new AbortController().signal });
      });
      expect(found.find(({ name }) => name === 'public.hints')).toMatchObject({
        rows: null,
        reason: expect.stringMatching(/another session had the table locked$/),
      });
      await other.query('rollback');
    });
    const { done, verifications } = await backedUp(parameters, ['read'], { rows: 'none' });
    expect(brief(done)).toContain('rows of an extension public.hints null');
    expect(brief(done)).not.toContain('rows of an extension public.empty null');
    expect(verifications[0]?.notCompared).toEqual(['rows of public.standard: not counted at the source']);
  });
});

describe.each(outerMajors())('a standby of PostgreSQL %i', (major) => {
  it('with unlogged tables is proven, and what it cannot read is told', async () => {
    const sql = `create table t as select 1 as a; create table "Parent" (a int) partition by range (a);
      create unlogged table cache (id serial primary key, a int); insert into cache (a) values (1), (2);
      create unlogged table child partition of "Parent" for values from (0) to (9);
      insert into child values (3); create view v as select * from cache`;
    await withStandby(major, sql, async (parameters) => {
      const { done, verifications } = await backedUp(parameters, ['read', 'restore']);
      const unlogged = ['rows of an unlogged table public.cache', 'rows of an unlogged table public.child'];
      expect(brief(done).filter((line) => line.includes('table'))).toEqual(unlogged);
      const bad = verifications.flatMap(({ checks }) => checks.filter(({ status }) => status !== 'passed'));
      expect([bad, ...verifications.map(({ verdict }) => verdict)]).toEqual([[], 'intact', 'proven']);
      expect(verifications[1]?.notCompared).toEqual(
        expect.arrayContaining(unlogged.map((line) => `${line}: in no dump`)),
      );
      expect(verifications[1]?.checks.some((check) => 'notCompared' in check)).toBe(false);
    });
  });
});
