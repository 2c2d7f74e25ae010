import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { chooseBackup } from '../../../functions/restore/choose-backup.ts';
import type { RestoreReport } from '../../../functions/restore/report.ts';
import { wholeBackup } from '../../../functions/restore/request.ts';
import { restoreBackup } from '../../../functions/restore/restore.ts';
import { type Format, formats } from '../../../functions/shared/manifest/manifest.ts';
import { childEnvironment } from '../../../functions/shared/postgres/child-environment.ts';
import { quoteConninfo } from '../../../functions/shared/postgres/conninfo.ts';
import { findTools } from '../../../functions/shared/postgres/find-tools.ts';
import type { ConnectionParameters } from '../../../functions/shared/postgres/source.ts';
import { chooseTools, toolPath } from '../../../functions/shared/postgres/tools.ts';
import type { Store } from '../../../functions/shared/store/store.ts';
import { verifyBackup } from '../../../functions/verify/verify.ts';
import { realTools, runBackup, withFileStore } from '../../support/backup-run.ts';
import { createEverything } from '../../support/everything.ts';
import { newestMajor, runSql, testMajors, withClient, withOwnServer } from '../../support/postgres.ts';

const database = 'ev "x" host=y';
const run = promisify(execFile);

/** What pg_dump writes of a database: the schema as text, so that a difference can be read, and a hash of the data. */
async function dumpOf(
  server: ConnectionParameters,
  major: number,
  create: boolean,
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

async function restoreInto(target: ConnectionParameters, store: Store): Promise<RestoreReport> {
  const { id, manifest } = await chooseBackup(store, `test/${encodeURIComponent(database)}/latest`);
  return await restoreBackup(
    {
      ...{ id, database, create: true, intoNonEmpty: false, jobs: 2 },
      ...{ selection: wholeBackup, applyGlobals: true },
    },
    {
      ...{ store, manifest, target, scratch: tmpdir(), clock: () => new Date() },
      tools: async (wanted) => chooseTools(await findTools(), wanted),
      signal: new AbortController().signal,
    },
  );
}

async function proveAndRestore(
  source: ConnectionParameters,
  target: ConnectionParameters,
  major: number,
  format: Format,
): Promise<void> {
  await withFileStore(async (store) => {
    const plan = { databases: [database], format, fingerprint: true };
    const { databases } = await runBackup(source, store, plan).outcome;
    expect(databases).toMatchObject([{ status: 'done' }]);
    const { id } = await chooseBackup(store, `test/${encodeURIComponent(database)}/latest`, { any: true });
    const verification = await verifyBackup(
      { id, level: 'restore' },
      { store, tools: realTools, clock: () => new Date() },
    );
    expect(verification.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(verification.verdict).toBe('proven');

    // The source's lies in its own data directory, which no other server can be told.
    await withClient(target, async (client) => {
      await client.query('set allow_in_place_tablespaces = on');
      await client.query(`create tablespace "ev space" location ''`);
    });
    const { problems, tables } = await restoreInto(target, store);
    expect(problems).toEqual([]);
    expect(tables.filter(({ status }) => status !== 'as recorded')).toEqual([]);
    // Plain SQL holds no CREATE DATABASE, and so neither its settings nor its grants.
    const create = format !== 'plain';
    const [before, after] = await Promise.all([dumpOf(source, major, create), dumpOf(target, major, create)]);
    expect(after.schema).toBe(before.schema);
    expect(after.data).toBe(before.data);
  });
  await runSql({ ...target, database }, 'drop subscription sub');
  await runSql(target, `drop database "${database.replaceAll('"', '""')}"`);
}

describe.each(testMajors())('PostgreSQL %i: everything that it knows', (major) => {
  // The older ones in one format only, for the sake of time; what differs between formats does so in all of them.
  const taken: readonly Format[] = major === newestMajor() ? formats : ['custom'];

  test(`is proven, and is the same after a restore: ${taken.join(', ')}`, { timeout: 120_000 }, () =>
    withOwnServer(major, {}, async ({ parameters: source }) => {
      await createEverything(source, { database, major });
      for (const format of taken) {
        await withOwnServer(major, {}, ({ parameters: target }) =>
          proveAndRestore(source, target, major, format),
        );
      }
    }),
  );
});

test('values of 200 MB too', { timeout: 180_000 }, async () => {
  const major = newestMajor();
  await withOwnServer(major, {}, async ({ parameters: source }) => {
    await createEverything(source, { database, major, largeValueBytes: 200_000_000 });
    await withOwnServer(major, {}, ({ parameters: target }) =>
      proveAndRestore(source, target, major, 'custom'),
    );
  });
});
