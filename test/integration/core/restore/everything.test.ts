import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../../core/postgres/libpq/conninfo.ts';
import { canCreateItself } from '../../../../core/postgres/pg-restore/new-database.ts';
import { chooseTools, toolPath } from '../../../../core/postgres/programs/tools.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import type { RestoreReport } from '../../../../core/restore/report.ts';
import { wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import type { Store } from '../../../../core/store/store.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import { type Format, formats } from '../../../../core/vocabulary.ts';
import { realTools, runBackup, withFileStore } from '../../../support/backup/run.ts';
import { findTools, verificationTools } from '../../../support/postgres/programs.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  withClient,
  withOwnServer,
} from '../../../support/postgres/servers.ts';
import { isLong } from '../../../support/run/long.ts';
import { restoreBesideItself } from './beside-itself.ts';
import { createEverything } from './everything.ts';

const odd = 'ev "x" host=y';
const run = promisify(execFile);

/** What pg_dump writes of a database: the schema as text, so that a difference can be read, and a hash of the data. */
async function dumpOf(
  server: ConnectionParameters,
  major: number,
  { database, create }: { readonly database: string; readonly create: boolean },
): Promise<{ readonly schema: string; readonly data: string }> {
  const program = toolPath(await realTools(major), 'pg_dump');
  const options = { env: childEnvironment(server), maxBuffer: 2 ** 30, encoding: 'buffer' } as const;
  const name = `--dbname=${quoteConninfo(database)}`;
  const [schema, data] = await Promise.all([
    run(program, [name, '--schema-only', ...(create ? ['--create'] : [])], options),
    run(program, [name, '--data-only'], options),
  ]);
  const hash = createHash('sha256');
  for (const part of withoutToken(data.stdout)) hash.update(part);
  // With --create there are two pairs of them.
  const text = schema.stdout.toString('utf8').replace(/^\\(un)?restrict .*$/gm, '');
  return { schema: text, data: hash.digest('hex') };
}

/** Without the random word that pg_dump writes in two lines of its own, at the beginning and at the end. */
function withoutToken(text: Buffer): Buffer[] {
  const cut = (place: number): [number, number] => [place, text.indexOf(0x0a, place + 1)];
  const [begin, beginEnd] = cut(text.indexOf('\n\\restrict '));
  const [end, endEnd] = cut(text.lastIndexOf('\n\\unrestrict '));
  if (begin < 0 || end < 0) return [text];
  return [text.subarray(0, begin), text.subarray(beginEnd, end), text.subarray(endEnd)];
}

async function restoreInto(
  target: ConnectionParameters,
  store: Store,
  database: string,
): Promise<RestoreReport> {
  const { id, manifest } = await chooseBackup(store, `test/${encodeURIComponent(database)}/latest`);
  return await restoreBackup(
    {
      id,
      database,
      create: true,
      intoNonEmpty: false,
      jobs: 2,
      selection: wholeBackup,
      applyGlobals: true,
      allowSuperusers: true,
    },
    {
      store,
      manifest,
      target,
      scratch: temporaryScratch(),
      clock: () => new Date(),
      tools: async (wanted) => chooseTools(await findTools(), wanted),
      signal: new AbortController().signal,
    },
  );
}

async function proveAndRestore(
  source: ConnectionParameters,
  target: ConnectionParameters,
  { major, format, database }: { readonly major: number; readonly format: Format; readonly database: string },
): Promise<void> {
  await withFileStore(async (store) => {
    const plan = { databases: [database], format, fingerprint: true };
    const { databases } = await runBackup(source, store, plan).outcome;
    expect(databases).toMatchObject([{ status: 'done' }]);
    const { id, manifest } = await chooseBackup(store, `test/${encodeURIComponent(database)}/latest`, {
      any: true,
    });
    const verification = await verifyBackup(
      { id, level: 'restore' },
      { store, tools: realTools, verificationTools, clock: () => new Date() },
    );
    expect(verification.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(verification.verdict).toBe('proven');

    const { problems, tables } = await restoreInto(target, store, database);
    expect(problems).toEqual([]);
    expect(tables.filter(({ status }) => status !== 'as recorded')).toEqual([]);
    // Plain SQL holds no CREATE DATABASE, and so neither its settings nor its grants.
    const create = canCreateItself(manifest) && format !== 'plain';
    const [before, after] = await Promise.all([
      dumpOf(source, major, { database, create }),
      dumpOf(target, major, { database, create }),
    ]);
    expect(after.schema).toBe(before.schema);
    expect(after.data).toBe(before.data);
  });
}

/** A server to restore into. The source's tablespace lies in its own data directory, which no other can be told. */
function withTarget(major: number, use: (target: ConnectionParameters) => Promise<void>): Promise<void> {
  return withOwnServer(major, {}, async ({ parameters }) => {
    await withClient(parameters, async (client) => {
      await client.query('set allow_in_place_tablespaces = on');
      await client.query(`create tablespace "ev space" location ''`);
    });
    await use(parameters);
  });
}

/** Names and rows that only this encoding spells so. */
const encodings = [
  { options: `encoding 'LATIN1' locale 'C'`, text: 'Ärger ß ÿ' },
  { options: `encoding 'EUC_JP' locale 'C'`, text: '日本語 ～ テスト' },
  { options: `encoding 'SQL_ASCII' locale 'C'`, text: 'plain' },
  { options: `encoding 'UTF8' locale_provider icu icu_locale 'de-u-co-phonebk' locale 'C'`, text: 'Ä 🎉' },
] as const;

test.each(encodings)('a database in another encoding or locale: $options', ({ options, text }) => {
  const major = newestMajor();
  const database = `enc ${text}`;
  return withOwnServer(major, {}, async ({ parameters: source }) => {
    await runSql(source, `create database "${database}" template template0 ${options}`);
    await withClient({ ...source, database }, async (client) => {
      await client.query(`create table "t ${text}" ("c ${text}" text default '${text}', b bytea)`);
      await client.query(`insert into "t ${text}" values ('${text}'), (null), (repeat('${text}', 999))`);
      await client.query(`create index "i ${text}" on "t ${text}" ("c ${text}")`);
      await client.query(`create function "f ${text}"() returns text language sql as 'select ''${text}'''`);
      // Bytes that are no UTF-8, which such a database takes.
      if (options.includes('SQL_ASCII'))
        await client.query(`insert into "t ${text}" values (convert_from('\\xe4ff80', 'SQL_ASCII'))`);
    });
    await withTarget(major, (target) =>
      proveAndRestore(source, target, { major, format: 'custom', database }),
    );
  });
});

describe.each(outerMajors())('PostgreSQL %i: everything that it knows', (major) => {
  // The older ones in one format only, for the sake of time; what differs between formats does so in all of them.
  const taken: readonly Format[] = major === newestMajor() ? formats : ['custom'];

  test(
    `is proven, and is the same after a restore: ${taken.join(', ')}, and beside itself`,
    { timeout: 120_000 },
    () =>
      withOwnServer(major, {}, async ({ parameters: source }) => {
        await createEverything(source, { database: odd, major });
        for (const format of taken) {
          await withTarget(major, (target) =>
            proveAndRestore(source, target, { major, format, database: odd }),
          );
        }
        await restoreBesideItself(source, { database: odd, major });
      }),
  );
});

/** As large as values get before their text has no room in a message of the protocol: `npm run test:long`. */
const largeValueBytes = isLong ? 200_000_000 : 20_000_000;

test(`values of ${largeValueBytes / 1e6} MB too`, { timeout: 180_000 }, async () => {
  const major = newestMajor();
  await withOwnServer(major, {}, async ({ parameters: source }) => {
    await createEverything(source, { database: odd, major, largeValueBytes });
    await withTarget(major, (target) =>
      proveAndRestore(source, target, { major, format: 'custom', database: odd }),
    );
  });
});
