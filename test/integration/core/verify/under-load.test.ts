import { expect, test } from 'vitest';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { newestMajor, runSql, withClient, withDatabase } from '../../../support/postgres/servers.ts';
import { isLong } from '../../../support/run/long.ts';

/** `npm run test:long` takes a hundred. */
const rounds = isLong ? 100 : 3;

/** pgbench's tables and its TPC-B transaction, which no package of ours brings along; and rows that come and go. */
const tables = `
  create table accounts (aid int primary key, bid int, balance int, filler char(84));
  create table tellers (tid int primary key, balance int);
  create table branches (bid int primary key, balance int);
  create table history (hid bigserial primary key, tid int, aid int references accounts, delta int, at timestamptz);
  insert into accounts select i, 1, 0, '' from generate_series(1, 20000) i;
  insert into tellers select i, 0 from generate_series(1, 10) i;
  insert into branches values (1, 0);
  create function transact(a int, t int, delta int) returns void language plpgsql as $$ begin
    update accounts set balance = balance + delta where aid = a;
    update tellers set balance = balance + delta where tid = t;
    update branches set balance = balance + delta where bid = 1;
    insert into history (tid, aid, delta, at) values (t, a, delta, now());
    if a % 7 = 0 then delete from history where hid % 11 = a % 11; end if;
  end $$;`;

test('while others write all the time, every backup is proven', { timeout: 60_000 + rounds * 15_000 }, () =>
  withDatabase(newestMajor(), { sql: tables }, async ({ parameters }) => {
    let writing = true;
    let written = 0;
    const writers = [1, 2, 3].map((seed) =>
      withClient(parameters, async (client) => {
        for (let i = seed; writing; i += 7_919) {
          await client.query('select transact($1, $2, $3)', [(i % 20_000) + 1, (i % 10) + 1, i % 100]);
          written += 1;
        }
      }),
    );
    try {
      await withFileStore(async (store) => {
        for (let round = 1; round <= rounds; round += 1) {
          const before = written;
          const plan = { fingerprint: true, databases: [parameters.database] };
          const { databases } = await runBackup(parameters, store, plan).outcome;
          const [result] = databases;
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          expect(written).toBeGreaterThan(before);
          const verification = await verifyNow(store, result.id, 'restore');
          expect(verification.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
          expect(verification.verdict).toBe('proven');
        }
      });
    } finally {
      writing = false;
      await Promise.all(writers);
    }
    const [left] = await runSql<{ rows: string }>(parameters, 'select count(*) as rows from history');
    expect(Number(left?.rows)).toBeGreaterThan(0);
  }),
);
