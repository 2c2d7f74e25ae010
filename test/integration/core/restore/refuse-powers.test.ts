import { describe, expect, test } from 'vitest';
import { refusePowers } from '../../../../core/restore/refuse-powers.ts';
import {
  runSql,
  sharedServer,
  testMajors,
  uniqueName,
  withClient,
} from '../../../support/postgres/servers.ts';

/** As pg_dumpall writes a role. */
function role(name: string, attributes: string): string {
  return `CREATE ROLE ${name};\nALTER ROLE ${name} WITH ${attributes} PASSWORD 'SUPERUSER REPLICATION';\n`;
}

const plain = 'NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS';

describe.each(testMajors())('onto PostgreSQL %i', (major) => {
  const judged = async (sql: string): Promise<string> => {
    const { parameters } = await sharedServer(major);
    return await withClient(parameters, async (client) => {
      try {
        await refusePowers(client, sql);
        return 'taken';
      } catch (error: unknown) {
        return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      }
    });
  };

  test.each([
    ['a plain role', role('app', plain)],
    ['a superuser that is there', role('postgres', plain.replace('NOSUPERUSER', 'SUPERUSER'))],
    ['a name that looks like rights', role('"x WITH SUPERUSER"', plain)],
    ['membership in a plain role', `${role('app', plain)}GRANT app TO other;`],
    ['membership in a harmless role of the system', `${role('app', plain)}GRANT pg_monitor TO app;`],
    ['what a superuser of the server has anyway', 'GRANT pg_execute_server_program TO postgres;'],
    ['leave to set a harmless parameter', `${role('app', plain)}GRANT SET ON PARAMETER work_mem TO app;`],
    ['settings and comments', `ALTER ROLE app SET work_mem TO '1GB';\nCOMMENT ON ROLE app IS 'SUPERUSER';`],
    ['nothing', ''],
  ])('%s is taken', async (_, sql) => {
    expect(await judged(sql)).toBe('taken');
  });

  test.each([
    ['a superuser', role('boss', plain.replace('NOSUPERUSER', 'SUPERUSER')), '"boss", a superuser'],
    ['one that replicates', role('rep', plain.replace('NOREPL', 'REPL')), 'may replicate'],
    [
      'one that bypasses row-level security',
      role('all_rows', plain.replace('NOBYPASS', 'BYPASS')),
      'bypasses',
    ],
    ['an odd name', role('"a ""b"" WITH"', plain.replace('NOSUPERUSER', 'SUPERUSER')), 'a superuser'],
    ['one that runs programs', 'GRANT pg_execute_server_program TO app;', '"pg_execute_server_program"'],
    ['one that reads files', 'GRANT pg_read_server_files TO app WITH ADMIN OPTION;', 'pg_read_server_files'],
    ['one that writes files', 'GRANT pg_write_server_files TO "a b" GRANTED BY postgres;', '"a b"'],
    ["a member of the server's superuser", 'GRANT postgres TO app;', 'a member of "postgres"'],
    [
      'leave to alter the system',
      'GRANT ALTER SYSTEM ON PARAMETER archive_command TO app;',
      'archive_command',
    ],
    ['leave for all of a parameter', 'GRANT ALL ON PARAMETER work_mem TO app;', 'ALTER SYSTEM work_mem'],
    ['leave to load code', 'GRANT SET ON PARAMETER session_preload_libraries TO app;', 'session_preload'],
  ])('%s is refused', async (_, sql, told) => {
    const answer = await judged(sql);
    expect(answer).toMatch(/^TargetRefused: /);
    expect(answer).toContain(told);
    expect(answer).toContain('--allow-superusers');
    expect(answer).not.toContain('PASSWORD');
  });

  test('what the server has already is no new power', async () => {
    const { parameters } = await sharedServer(major);
    const name = uniqueName('powers');
    await runSql(parameters, `create role ${name}; grant pg_read_server_files to ${name}`);
    try {
      expect(await judged(`GRANT pg_read_server_files TO ${name};`)).toBe('taken');
      expect(await judged(`GRANT pg_write_server_files TO ${name};`)).toContain(`role "${name}"`);
      // It is there, and stays as it is.
      expect(await judged(role(name, plain.replace('NOSUPERUSER', 'SUPERUSER')))).toBe('taken');
    } finally {
      await runSql(parameters, `drop role ${name}`);
    }
  });

  test.runIf(major < 16)('one that makes roles is refused where it may give them everything', async () => {
    expect(await judged(role('maker', plain.replace('NOCREATEROLE', 'CREATEROLE')))).toContain('may make');
  });
});
