import { describe, expect, test } from 'vitest';
import { parseId } from '../../../../../core/manifest/backup-id.ts';
import type { Verification } from '../../../../../core/manifest/verification.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { realTools, runBackup, withFileStore } from '../../../../support/backup/run.ts';
import { verificationTools } from '../../../../support/postgres/programs.ts';
import { newestMajor, runSql, withDatabase, withOwnServer } from '../../../../support/postgres/servers.ts';

/*
 * The documented restore judges: one job in the archive's order, under settings of its own, event triggers last. What
 * several jobs, or the settings of a database, would make of it by chance is no verdict.
 */

async function prove(parameters: ConnectionParameters): Promise<Verification> {
  return await withFileStore(async (store) => {
    const plan = { databases: [parameters.database], fingerprint: true };
    const { databases } = await runBackup(parameters, store, plan).outcome;
    const [done] = databases;
    if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
    const dependencies = { store, tools: realTools, verificationTools, clock: () => new Date() };
    return await verifyBackup({ id: parseId(done.id), level: 'restore' }, dependencies);
  });
}

/** The verdict, and all that did not pass. */
function told({ verdict, checks }: Verification): string {
  const bad = checks.filter(({ status }) => status !== 'passed');
  return [verdict, ...bad.map(({ name, detail }) => `${name}: ${detail}`)].join('\n');
}

const major = newestMajor();
const rows = (table: string): string =>
  `create table ${table} as select i as id from generate_series(1, 50) i`;
const lookUp = `create schema b; create table b.word (word text primary key);
  create function b.known(text) returns boolean language sql as
    $$ select exists (select from b.word where word = $1) $$;
  insert into b.word values ('open')`;

describe('settings of the database do not change what is restored, nor keep it from being', () => {
  test.each([
    ['array_nulls = off', `create table t as select array['a', null, 'b']::text[] as tags`],
    [
      'transform_null_equals = on',
      `create table t (v int check (v = null or v > 0)); insert into t values (null), (1)`,
    ],
    ['default_transaction_read_only = on', rows('t')],
    ["default_transaction_isolation = 'serializable'", rows('t')],
    [
      'session_replication_role = replica',
      'create table p (id int primary key); create table c (id int references p); insert into p values (1); insert into c values (1)',
    ],
    ["statement_timeout = '200ms'", rows('t')],
    ["lock_timeout = '1ms'", rows('t')],
  ])('%s', async (setting, sql) => {
    await withDatabase(major, { sql }, async ({ parameters, name }) => {
      await runSql(parameters, `alter database ${name} set ${setting}`);
      expect(told(await prove(parameters))).toBe('proven');
    });
  });

  test('role', async () => {
    await withOwnServer(major, {}, async ({ parameters: server }) => {
      await runSql(server, 'create role weak');
      await runSql(server, 'create database d');
      const parameters = { ...server, database: 'd' };
      await runSql(parameters, `${rows('t')}; grant select on t to weak`);
      await runSql(parameters, 'alter database d set role = weak');
      expect(told(await prove(parameters))).toBe('proven');
    });
  });
});

describe('settings of the session that dumps are the ones that the restored database is read under', () => {
  const zones = `create table measure (at timestamptz not null) partition by range (at);
    create table january partition of measure for values from ('2024-01-01 00:00') to ('2024-02-01 00:00');
    insert into measure values ('2024-01-10 12:00');
    create table t (since timestamptz default '2020-01-01 00:00' check (since >= '2000-01-01 00:00'));
    create view recent as select * from measure where at > '2024-01-05 00:00';
    create index on t (since) where since > '2021-01-01 00:00'`;
  test.each([
    ['TimeZone=Asia/Kolkata', zones],
    ['quote_all_identifiers=on', `${zones}; create function f(a int) returns int language sql return a + 1`],
    ['standard_conforming_strings=off', `create table t (a text default E'a\\\\b' check (a <> E'\\\\'))`],
    [
      'bytea_output=escape',
      `create table t (a bytea default '\\x00ff' check (a <> '\\x01')); insert into t default values`,
    ],
    ['client_encoding=LATIN1', `create table "tä" (a text default 'ü'); insert into "tä" values ('€')`],
    ['client_encoding=SQL_ASCII', `create table "tä" (a text default 'ü'); insert into "tä" values ('€')`],
  ])('%s', async (setting, sql) => {
    await withDatabase(major, { sql }, async ({ parameters }) => {
      expect(told(await prove({ ...parameters, options: `-c ${setting}` }))).toBe('proven');
    });
  });

  test('a check that reads a time in the time zone of the source', async () => {
    const sql = `create table shift (starts timestamptz not null, day date not null, check (day = starts::date));
      set timezone = 'America/New_York';
      insert into shift values ('2024-03-01 22:30:00-05', '2024-03-01')`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      const zone = '-c TimeZone=America/New_York';
      expect(told(await prove({ ...parameters, options: zone }))).toBe('proven');
    });
  });
});

describe('the order of the archive counts, not the luck of several jobs', () => {
  test.each([
    [
      'a check',
      `${lookUp}; create schema a; create table a.bill (word text check (b.known(word))); insert into a.bill values ('open')`,
      /violates check constraint/,
    ],
    [
      'a domain',
      `${lookUp}; create schema a; create domain a.word as text check (b.known(value));
       create table a.bill (word a.word); insert into a.bill values ('open')`,
      /violates check constraint/,
    ],
    [
      'a generated column',
      `create schema b; create table b.rate (rate int); insert into b.rate values (2);
       create function b.rated(n int) returns int language plpgsql immutable as $$ begin return n * (select rate from b.rate); end $$;
       create schema a; create table a.bill (n int, total int not null generated always as (b.rated(n)) stored);
       insert into a.bill values (5)`,
      /null value in column "total"/,
    ],
    [
      'an operator',
      `${lookUp}; create function b.is_known(text, text) returns boolean language sql as $$ select b.known($1) $$;
       create operator b.=== (function = b.is_known, leftarg = text, rightarg = text);
       create schema a; create table a.bill (word text check (word operator(b.===) word)); insert into a.bill values ('open')`,
      /violates check constraint/,
    ],
  ])('%s that looks into a table that comes later fails, three times of three', async (_what, sql, words) => {
    await withDatabase(major, { sql }, async ({ parameters }) => {
      for (let time = 0; time < 3; time += 1) {
        const verification = await prove(parameters);
        expect(verification.verdict).toBe('failed');
        expect(told(verification)).toMatch(words);
      }
    });
  });

  test('one that looks into a table that comes before is proven, by one job, and says why it was one', async () => {
    const sql = `${lookUp}; create schema c; create table c.bill (word text check (b.known(word))); insert into c.bill values ('open')`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      const verification = await prove(parameters);
      expect(told(verification)).toBe('proven');
      const restore = verification.checks.find(({ name }) => name === 'restore');
      expect(restore?.detail).toContain(
        "with 2 jobs, 0 errors; in the archive's order, as a CHECK constraint calls b.known(text)",
      );
    });
  });

  test('functions of an extension in C keep nobody from working side by side', async () => {
    const sql = `create extension citext; create table t (a citext check (a <> 'b'), unique (a)); insert into t values ('c');
      create index on t (lower(a::text))`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      const verification = await prove(parameters);
      expect(told(verification)).toBe('proven');
      expect(verification.checks.find(({ name }) => name === 'restore')?.detail).not.toContain(
        "archive's order",
      );
    });
  });
});

describe('event triggers come last', () => {
  const log = `create schema audit; create table audit.log (tag text);
    create function audit.log() returns event_trigger language plpgsql as $$ begin insert into audit.log values (tg_tag); end $$;
    create event trigger log_ddl on ddl_command_end execute function audit.log();
    comment on event trigger log_ddl is 'writes down';
    create table sale (id int primary key); insert into sale select generate_series(1, 50);
    create materialized view total as select count(*) from sale; create index on sale (id)`;
  const forbid = `create table sale (id int primary key); insert into sale values (1);
    create materialized view total as select count(*) from sale;
    create function no_ddl() returns event_trigger language plpgsql as $$ begin raise exception 'no % here', tg_tag; end $$;
    create event trigger forbid on ddl_command_start execute function no_ddl()`;
  test.each([
    ['one that writes a log gets no rows of the restore', log],
    ['one that forbids everything does not forbid the restore', forbid],
  ])('%s', async (_what, sql) => {
    await withDatabase(major, { sql }, async ({ parameters }) => {
      expect(told(await prove(parameters))).toBe('proven');
    });
  });
});

describe('what the source had is no fault', () => {
  test.each([
    [
      'a foreign key to a partitioned table that is NOT VALID',
      `create table p (id int primary key) partition by hash (id);
       create table p0 partition of p for values with (modulus 1, remainder 0); create table c (id int);
       insert into p values (1); insert into c values (1), (99);
       alter table c add constraint c_p foreign key (id) references p not valid`,
    ],
    [
      'a table that was attached by INHERIT, with its columns in another order',
      `create table p (id int, x text, late int); create table c (late int, own text, x text default 'c', id int);
       alter table c inherit p; insert into c values (1, 'o', 'x', 2)`,
    ],
  ])('%s', async (_what, sql) => {
    await withDatabase(major, { sql }, async ({ parameters }) => {
      expect(told(await prove(parameters))).toBe('proven');
    });
  });

  test('rights that the owner of a materialized view has lost are, and the owner is named', async () => {
    await withOwnServer(major, {}, async ({ parameters }) => {
      const sql = `create role keeper; create table secret (id int); grant select on secret to keeper;
        grant create, usage on schema public to keeper; set role keeper;
        create materialized view kept as select count(*) from secret; reset role; revoke select on secret from keeper`;
      await runSql(parameters, 'create database d');
      const database = { ...parameters, database: 'd' };
      await runSql(database, sql);
      const verification = await prove(database);
      expect(verification.verdict).toBe('failed');
      expect(told(verification)).toMatch(
        /permission denied for table secret \(MATERIALIZED VIEW DATA kept keeper\)/,
      );
    });
  });
});
