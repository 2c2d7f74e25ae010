import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../../core/postgres/libpq/conninfo.ts';
import { quoteIdentifier } from '../../../../core/postgres/names.ts';
import { toolPath } from '../../../../core/postgres/programs/tools.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import type { RestoreReport } from '../../../../core/restore/report.ts';
import { type RestoreRequest, wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import type { Store } from '../../../../core/store/store.ts';
import { realTools, runBackup, withFileStore } from '../../../support/backup/run.ts';
import { runSql } from '../../../support/postgres/servers.ts';

const run = promisify(execFile);

type Asked = Partial<RestoreRequest> & { readonly intoSchema: string };

async function restoreBeside(
  target: ConnectionParameters,
  store: Store,
  asked: Asked,
): Promise<RestoreReport> {
  const { database } = target;
  const { id, manifest } = await chooseBackup(store, `test/${encodeURIComponent(database)}/latest`, {
    any: true,
  });
  const request = { id, database, create: false, intoNonEmpty: false, applyGlobals: false, jobs: 2 };
  return await restoreBackup(
    { ...request, selection: wholeBackup, ...asked },
    {
      store,
      manifest,
      target,
      scratch: temporaryScratch(),
      clock: () => new Date(),
      tools: async (wanted) => ({ ...(await realTools(wanted)), place: 'PATH' }),
      signal: new AbortController().signal,
    },
  );
}

/** What pg_dump writes of a schema and its rows, as if it had the other one's name. */
async function dumpOf(
  target: ConnectionParameters,
  {
    major,
    schema,
    called = schema,
  }: { readonly major: number; readonly schema: string; readonly called?: string },
): Promise<string[]> {
  const args = [`--dbname=${quoteConninfo(target.database)}`, `--schema=${quoteIdentifier(schema)}`];
  const { stdout } = await run(toolPath(await realTools(major), 'pg_dump'), args, {
    env: childEnvironment(target),
    maxBuffer: 2 ** 30,
  });
  return (
    stdout
      .replace(/^\\(un)?restrict .*$/gm, '')
      .replaceAll(`${schema}.`, `${called}.`)
      .replaceAll(`Schema: ${schema}`, `Schema: ${called}`)
      .replaceAll(`SCHEMA ${schema}`, `SCHEMA ${called}`)
      .replaceAll(`Name: ${schema}; Type: SCHEMA`, `Name: ${called}; Type: SCHEMA`)
      // Objects of one kind come in the order of what needs what, which has several answers.
      .split('\n--\n')
      .sort()
  );
}

/**
 * Restores one schema of everything, and then all of it, beside themselves. The one schema is to be the same to pg_dump
 * under its new name, and nothing is to be left.
 */
export async function restoreBesideItself(
  server: ConnectionParameters,
  { database, major }: { readonly database: string; readonly major: number },
): Promise<void> {
  const inside = { ...server, database };
  // They would be given to what is restored, as to all that is made from now on.
  await runSql(inside, 'alter default privileges revoke usage on types from ev_group');
  await withFileStore(async (store) => {
    const { databases } = await runBackup(server, store, { databases: [database] }).outcome;
    expect(databases).toMatchObject([{ status: 'done' }]);
    const before = await dumpOf(inside, { major, schema: 'ev' });
    const selection = { ...wholeBackup, schemas: ['ev'] };
    const one = await restoreBeside(inside, store, { intoSchema: 'vu', selection });
    expect(one).toMatchObject({ problems: [], intoSchema: 'vu' });
    expect(one.tables.length).toBeGreaterThan(10);
    expect(one.tables.filter(({ status }) => status !== 'as recorded')).toEqual([]);
    expect(await dumpOf(inside, { major, schema: 'vu', called: 'ev' })).toEqual(before);
    const all = await restoreBeside(inside, store, { intoSchema: 'All of it' });
    expect(all.tables.filter(({ status }) => status !== 'as recorded')).toEqual([]);
    expect(all.notes.join('\n')).toMatch(
      /lie in no schema: casts, event triggers, large objects, publications, servers, subscriptions/,
    );
    expect(await dumpOf(inside, { major, schema: 'ev' })).toEqual(before);
    const ours = `select datname from pg_database where datname like 'pgproof%'`;
    expect(await runSql(inside, ours)).toEqual([]);
  });
}
