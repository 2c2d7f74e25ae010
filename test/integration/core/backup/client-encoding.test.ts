import { expect, test } from 'vitest';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { newestMajor, runSql, sharedServer, uniqueName } from '../../../support/postgres/servers.ts';

/** A database in `encoding`, and a superuser whose sessions are to be in LATIN1. */
async function withLatinRole(
  encoding: string,
  use: (names: { readonly database: string; readonly role: string }) => Promise<void>,
): Promise<void> {
  const { parameters } = await sharedServer(newestMajor());
  const [database, role] = [uniqueName('encoded'), uniqueName('latin')];
  await runSql(
    parameters,
    `create role ${role} superuser login; alter role ${role} set client_encoding = 'LATIN1'`,
  );
  await runSql(
    parameters,
    `create database ${database} encoding '${encoding}' locale 'C' template template0`,
  );
  try {
    await use({ database, role });
  } finally {
    await runSql(parameters, `drop database ${database} with (force)`);
    await runSql(parameters, `drop role ${role}`);
  }
}

test.each([
  ['UTF8', 'what LATIN1 has no letters for'],
  ['LATIN9', 'what nothing converts into LATIN1'],
])('%s, %s, is backed up and proven by a role that speaks LATIN1', async (encoding) => {
  const { parameters } = await sharedServer(newestMajor());
  await withLatinRole(encoding, async ({ database, role }) => {
    await runSql(parameters, `comment on role ${role} is 'Łukasz, 5 €'`);
    await runSql({ ...parameters, database }, `create table "€" as select '€'::text as a`);
    await withFileStore(async (store) => {
      const source = { ...parameters, database, user: role };
      const [done] = (await runBackup(source, store, { fingerprint: true }).outcome).databases;
      if (done?.status !== 'done') throw new Error(JSON.stringify(done));
      const { verdict, checks } = await verifyNow(store, done.id, 'restore');
      expect([verdict, ...checks.filter(({ status }) => status !== 'passed')]).toEqual(['proven']);
    });
  });
});
