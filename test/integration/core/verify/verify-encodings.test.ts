import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseTools } from '../../../../core/postgres/programs/tools.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import { dumpBackup } from '../../../support/backup/made-up.ts';
import { findTools, verificationTools } from '../../../support/postgres/programs.ts';
import { newestMajor, runSql, sharedServer, uniqueName } from '../../../support/postgres/servers.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each([
  ['UTF8', 'Ünï 日本 〜', ''],
  ['LATIN1', 'Ünïcode', ''],
  ['WIN1252', 'Ünï', ''],
  ['WIN1251', 'да', ''],
  ['EUC_JP', '日本', ''],
  ['EUC_TW', '中文', 'names not in ASCII could not be compared'],
  ['SQL_ASCII', 'Ünïcode', ''],
])('names in a database in %s are compared', async (encoding, name, note) => {
  const major = newestMajor();
  const server = await sharedServer(major);
  const database = uniqueName();
  await runSql(
    server.parameters,
    `create database ${database} encoding '${encoding}' locale 'C' template template0`,
  );
  try {
    const parameters = { ...server.parameters, database };
    await runSql(
      parameters,
      `set client_encoding = '${encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8'}';
       create schema "${name}"; create table "${name}"."${name}" ("${name}" text);
       insert into "${name}"."${name}" values ('${name}'), ('\\.'); create table plain (a int)`,
    );
    const id = { source: 's', database: 'd', startedAt: new Date(0) };
    const tools = chooseTools(await findTools(), major);
    await dumpBackup({ id, directory, tools, parameters, format: 'custom' });
    const { verdict, checks } = await verifyBackup(
      { id, level: 'read' },
      {
        store: fileStore({ directory }),
        tools: async () => tools,
        verificationTools,
        clock: () => new Date(),
      },
    );
    expect(checks[1]?.detail).toMatch(/^2 tables, 2 rows, as recorded/);
    expect(checks[1]?.detail.includes('not in ASCII')).toBe(note !== '');
    expect(verdict).toBe('intact');
  } finally {
    await runSql(server.parameters, `drop database ${database}`);
  }
});
