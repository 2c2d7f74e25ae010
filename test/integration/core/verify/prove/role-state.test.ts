import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifest } from '../../../../../core/manifest/manifest.ts';
import type { Check } from '../../../../../core/manifest/verification.ts';
import { applyRoles } from '../../../../../core/verify/prove/apply-roles.ts';
import { runBackup, withFileStore } from '../../../../support/backup/run.ts';
import {
  outerMajors,
  runSql,
  testMajors,
  withClient,
  withOwnServer,
} from '../../../../support/postgres/servers.ts';

const roles = `
  create role boss createrole; create role team; create role "m'em\\ber"; create role lead login connection limit 3
    valid until '2031-02-03 04:05:06+00' password 'a secret'' PASSWORD ''x';
  create role "odd ""PASSWORD 'x'" bypassrls noinherit;
  grant team to boss with admin option; grant team to "m'em\\ber"; grant pg_read_all_data to lead;
  alter role "m'em\\ber" set search_path = 'x y', "$user"; alter role lead set work_mem = '8MB';
  alter role lead set my.own = 'a b'; alter role lead in database postgres set work_mem = '9MB';
  alter role postgres set log_min_messages = 'error';
  comment on role lead is 'it''s \\ odd'; comment on role team is 'a team';`;
const spaces = `grant create on tablespace fast to lead; alter tablespace fast set (random_page_cost = 1.5);
  comment on tablespace fast is 'fast';`;

/** A backup of a server with roles of every kind; `apply` makes its globals in a new server, as a verification does. */
async function withRoles(
  major: number,
  use: (
    apply: (change?: (sql: string) => string, edit?: (manifest: Manifest) => Manifest) => Promise<Check>,
  ) => Promise<void>,
): Promise<void> {
  await withOwnServer(major, { user: 'postgres' }, async ({ parameters }) => {
    await runSql(parameters, roles);
    await withClient(parameters, async (client) => {
      await client.query('set allow_in_place_tablespaces = on');
      await client.query("create tablespace fast owner team location ''");
    });
    await runSql(parameters, spaces);
    if (major >= 15) await runSql(parameters, 'grant set on parameter work_mem, my.parameter to lead');
    await withFileStore(async (store, _files, directory) => {
      const source = { ...parameters, database: 'postgres' };
      const { databases } = await runBackup(source, store).outcome;
      const [done] = databases;
      if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
      const place = join(directory, ...done.id.split('/'));
      const manifest = parseManifest(await readFile(join(place, 'manifest.json')), 'manifest');
      const sql = await readFile(join(place, 'globals.sql'), 'utf8');
      await use((change = (text) => text, edit = (recorded) => recorded) =>
        withOwnServer(major, { user: 'postgres' }, (target) =>
          applyRoles(
            target.parameters,
            edit(manifest),
            Buffer.from(change(sql)),
            new AbortController().signal,
          ),
        ),
      );
    });
  });
}

describe.each(outerMajors())('PostgreSQL %i', (major) => {
  test('roles are those of the source in all that globals.sql says; what it has lost is named', () =>
    withRoles(major, async (apply) => {
      expect(await apply()).toMatchObject({
        status: 'passed',
        detail: expect.stringContaining('with attributes'),
      });
      const edits: [RegExp, string][] = [
        [/^GRANT team TO boss .*\n/m, 'role boss has lost: member of team with admin option'],
        [/(?<=ALTER ROLE boss WITH .*)CREATEROLE/, 'role boss has lost: create role'],
        [
          /(?<=ALTER ROLE "m'em\\ber" SET search_path TO ).*?(?=;)/,
          "role m'em\\ber has lost: setting search_path of value ",
        ],
        [/ VALID UNTIL '[^']*'/, 'role lead has lost: valid until 2031-02-03 04:05:06'],
        [/^ALTER ROLE lead SET work_mem.*\n/m, 'role lead has lost: setting work_mem of value '],
        [/^COMMENT ON ROLE team .*\n/m, 'role team has lost: comment a team'],
        [/^GRANT .* ON TABLESPACE fast .*\n/m, 'tablespace fast has lost: grants'],
        [/^ALTER TABLESPACE fast .*\n/m, 'tablespace fast has lost: options'],
        [/^ALTER ROLE postgres SET .*\n/m, 'role postgres has lost: setting log_min_messages of value '],
      ];
      const { status, detail } = await apply((sql) =>
        edits.reduce((text, [pattern]) => {
          expect(text).toMatch(pattern);
          return text.replace(
            pattern,
            pattern.source.includes('CREATEROLE')
              ? 'NOCREATEROLE'
              : pattern.source.includes('search_path')
                ? 'public'
                : '',
          );
        }, sql),
      );
      expect(status).toBe('failed');
      for (const [, words] of edits) expect(detail).toContain(words);
    }));
});

test('a role that changed while it was backed up is not compared', () =>
  withRoles(Math.max(...testMajors()), async (apply) => {
    const changed = ({ globals, ...manifest }: Manifest): Manifest => ({
      ...manifest,
      globals: {
        ...globals,
        state: globals.state?.map((one) => (one.name === 'boss' ? { ...one, facts: null } : one)),
      },
    });
    const withoutMembership = (sql: string): string => sql.replace(/^GRANT team TO boss .*\n/m, '');
    expect((await apply(withoutMembership)).status).toBe('failed');
    expect((await apply(withoutMembership, changed)).status).toBe('passed');
  }));

test('what a role has gained is told too, and never a password', () =>
  withRoles(Math.max(...testMajors()), async (apply) => {
    const { status, detail } = await apply((sql) =>
      sql
        .replace(/(?<=ALTER ROLE team WITH )NOSUPERUSER/, 'SUPERUSER')
        .replace(/^GRANT SET ON PARAMETER .*\n/m, '')
        .replace(/(?<=ALTER ROLE lead WITH .*)NOLOGIN|(?<=ALTER ROLE lead WITH .* )LOGIN/, 'NOLOGIN'),
    );
    expect(status).toBe('failed');
    expect(detail).toContain('role team was not so: superuser');
    expect(detail).toContain('role lead has lost: login');
    expect(detail).toMatch(/parameter \S+ has lost: grants/);
    expect(detail).not.toContain('SCRAM');
  }));
