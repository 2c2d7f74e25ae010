import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseId } from '../../../../../core/manifest/backup-id.ts';
import { parseManifest } from '../../../../../core/manifest/manifest.ts';
import type { Verification } from '../../../../../core/manifest/verification.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import type { VerificationTools } from '../../../../../core/postgres/programs/obtain.ts';
import type { Store } from '../../../../../core/store/store.ts';
import type { VerifyRequest } from '../../../../../core/verify/request.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { realTools, runBackup, withFileStore } from '../../../../support/backup/run.ts';
import {
  hasFixtureExtensions,
  verificationTools,
  verificationToolsWithout,
} from '../../../../support/postgres/programs.ts';
import {
  newestMajor,
  runSql,
  type TestDatabaseOptions,
  withDatabase,
  withOwnServer,
} from '../../../../support/postgres/servers.ts';

const major = newestMajor();
const hasExtensions = await hasFixtureExtensions(major);

type Verify = (
  how?: Partial<VerifyRequest> & { readonly tools?: (major: number) => Promise<VerificationTools> },
) => Promise<Verification & { readonly of: Readonly<Record<string, string>> }>;

/** A backup of such a database, and a way to verify it by a restore; `afterwards` is run before it is made. */
async function withBackup(
  database: TestDatabaseOptions,
  use: (verify: Verify, manifestPath: string) => Promise<void>,
  afterwards: (name: string) => string = () => '',
): Promise<void> {
  await withDatabase(major, database, async ({ name, parameters, server }) => {
    if (afterwards(name) !== '') await runSql(server.parameters, afterwards(name));
    await backedUp(parameters, use);
  });
}

async function backedUp(
  parameters: ConnectionParameters,
  use: (verify: Verify, manifestPath: string) => Promise<void>,
): Promise<void> {
  await withFileStore(async (store, _, directory) => {
    const { databases: results } = await runBackup(parameters, store).outcome;
    const [result] = results;
    if (result?.status !== 'done') throw new Error(JSON.stringify(results));
    const { id } = result.manifest;
    await use(verifier(store, id), join(directory, id, 'manifest.json'));
  });
}

function verifier(store: Store, id: string): Verify {
  return async ({ tools = verificationTools, ...request } = {}) => {
    const verification = await verifyBackup(
      { id: parseId(id), level: 'restore', ...request },
      { store, tools: realTools, verificationTools: tools, clock: () => new Date() },
    );
    const of = verification.checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`]);
    return { ...verification, of: Object.fromEntries(of) };
  };
}

const withConfiguration = `
  create schema rates; create extension pgproof_rates; create extension uptime_memory_icu;
  insert into rates.rate values ('red', 7); insert into uptime.job values (1, 'nightly');
  insert into rates.applied (code, word) values ('red', 'book'), ('std', 'pen'); select nextval('rates.ticket');
  create table item (id int primary key, code text, band rates.money_range); insert into item values (1, 'red', row(1, 2));
  create table "rates rate" (id int primary key); insert into "rates rate" values (1), (2);
  create view priced as select id, rates.pct(code) from item;
  create view uptime as select * from "rates rate"`;

test.runIf(hasExtensions)(
  'rows and sequences of an extension that is missing here are its lack; all else is compared',
  async () => {
    await withBackup({ sql: withConfiguration }, async (verify) => {
      // Its configuration tables refer to each other against the order of their names: never by luck.
      for (let time = 1; time <= 3; time += 1) expect(await verify()).toMatchObject({ verdict: 'proven' });
      const { verdict, of } = await verify({ tools: verificationToolsWithout });
      expect(of).toMatchObject({
        restore: expect.stringMatching(
          /^unverifiable: left out: (?=.*extension pgproof_rates)(?=.*extension uptime_memory_icu)/,
        ),
        rows: expect.stringMatching(/^passed: 1 table, 2 rows/),
      });
      expect(verdict).toBe('unverifiable');
      // Accepted or not: rows of ours are among it.
      const without = ['extension pgproof_rates', 'extension uptime_memory_icu'];
      const accepted = await verify({ tools: verificationToolsWithout, without });
      expect(accepted.of.restore).toMatch(/^unverifiable: .*rates\.rate \(1 row\)/);
    });
  },
);

test.runIf(hasExtensions)('what is wrong beside a missing extension is found all the same', async () => {
  await withBackup({ sql: withConfiguration }, async (verify, manifestPath) => {
    const manifest = parseManifest(await readFile(manifestPath), manifestPath);
    for (const object of manifest.catalog ?? [])
      if (/^public\.(?:"rates rate"|uptime)$/.test(object.identity)) object.digest = '0'.repeat(32);
    await writeFile(manifestPath, JSON.stringify(manifest));
    const { of } = await verify({ tools: verificationToolsWithout });
    expect(of.schema).toMatch(
      /^failed: .*public\."rates rate" is not as at the source.*public\.uptime is not/,
    );
  });
});

test('what the extensions of a backup need preloaded is, where the programs have it', async () => {
  const settings = { shared_preload_libraries: 'pg_stat_statements' };
  await withOwnServer(major, { settings }, async (server) => {
    await runSql(
      server.parameters,
      'create extension pg_stat_statements; create materialized view busy as select count(*) > 0 as any from pg_stat_statements',
    );
    await backedUp(server.parameters, async (verify) => {
      expect(await verify()).toMatchObject({ verdict: 'proven' });
    });
  });
});

/** Everything that is looked at outside of the database, in a way of its own, beside a table that needs nothing. */
const outside = `
  create extension postgres_fdw; create extension dblink; create extension file_fdw;
  create server crm foreign data wrapper postgres_fdw options (host '127.0.0.1', port '9', connect_timeout '2');
  create user mapping for current_user server crm options (user 'a', password 'b');
  create foreign table crm_role (rolname name) server crm options (schema_name 'pg_catalog', table_name 'pg_roles');
  create server files foreign data wrapper file_fdw;
  create foreign table listed (line text) server files options (filename '/pgproof-is-nowhere.csv');
  create table orders (id int primary key); insert into orders values (1), (2);
  create materialized view by_fdw as select rolname::text from crm_role with no data;
  create materialized view by_file as select line from listed with no data;
  create function linked() returns bigint language sql as
    $$ select n from public.dblink('host=127.0.0.1 port=9 user=a password=b dbname=c', 'select 1') as t(n bigint) $$;
  create materialized view by_link as select linked() with no data;
  create materialized view over_it as select count(*) from by_fdw with no data;
  update pg_class set relispopulated = true where relname in ('by_fdw', 'by_file', 'by_link', 'over_it')`;

test('other servers and files that a materialized view looks at are what lacks, by name', async () => {
  await withBackup({ sql: outside }, async (verify) => {
    const { verdict, of, checks } = await verify();
    expect(of.restore).toMatch(/^unverifiable: /);
    for (const name of [
      'the other server "crm"',
      'the file "/pgproof-is-nowhere.csv"',
      'another server, which dblink connects to',
    ])
      expect(of.restore).toContain(name);
    expect(of).toMatchObject({ rows: expect.stringMatching(/^passed: 1 table, 2 rows/) });
    expect(verdict).toBe('unverifiable');

    const by = ['by_fdw', 'by_file', 'by_link'].map((name) => `materialized view public.${name}`);
    // What would do is said, in the very words.
    expect(checks.flatMap(({ acceptable = [] }) => acceptable).sort()).toEqual(by);
    const accepted = await verify({ without: [...by, 'view nowhere', 'table public.orders'] });
    expect(accepted.verdict).toBe('proven-without');
    expect(accepted.checks.find(({ name }) => name === 'restore')).toMatchObject({
      status: 'passed',
      without: by,
      detail: expect.stringMatching(/called view nowhere.*table public\.orders lacks nothing here/),
    });
    // One that was not accepted keeps the others from counting.
    expect(await verify({ without: by.slice(1) })).toMatchObject({ verdict: 'unverifiable' });
  });
});

test.runIf(hasExtensions)(
  'a library that the database asks for in every session is named, and the rest compared without it',
  async () => {
    const sql = 'create table t (id int primary key); insert into t values (1)';
    const afterwards = (name: string): string =>
      `alter database ${name} set session_preload_libraries = 'auto_explain'`;
    const check = async (verify: Verify): Promise<void> => {
      expect(await verify()).toMatchObject({ verdict: 'proven' });
      const { verdict, of, checks } = await verify({ tools: verificationToolsWithout });
      expect(of.restore).toMatch(/^unverifiable: library "auto_explain" is missing here/);
      expect(of).toMatchObject({
        rows: expect.stringMatching(/^passed: 1 table, 1 row/),
        schema: expect.stringMatching(/^passed/),
      });
      expect(verdict).toBe('unverifiable');
      const without = checks.flatMap(({ acceptable = [] }) => acceptable);
      expect(without).toEqual(['library auto_explain']);
      const accepted = await verify({ tools: verificationToolsWithout, without });
      expect(accepted).toMatchObject({ verdict: 'proven-without', without });
      expect(accepted.of.rows).toMatch(/^passed: 1 table, 1 row/);
    };
    await withBackup({ sql }, check, afterwards);
  },
);

test('dictionaries whose files this machine has not are what lacks, by the name of the file', async () => {
  // Made without looking, as at a source that has the files.
  const sql = `create text search dictionary ours (template = simple);
    create text search configuration ours (copy = simple);
    alter text search configuration ours alter mapping for asciiword with ours;
    create table page (id int primary key, body text, words tsvector generated always as (to_tsvector('public.ours', body)) stored);
    insert into page (id, body) values (1, 'the shop is open'); create index on page using gin (words);
    create table plain (id int primary key); insert into plain values (1);
    update pg_ts_dict set dictinitoption = $$stopwords = 'nowhere'$$ where dictname = 'ours'`;
  await withBackup({ sql }, async (verify) => {
    const { verdict, of } = await verify();
    expect(of.restore).toMatch(/^unverifiable: .*the text search file "nowhere\.stop" is missing here/);
    expect(of.rows).toMatch(/^passed: 1 table, 1 row/);
    expect(verdict).toBe('unverifiable');
  });
});
