import { join } from 'node:path';
import { expect, test } from 'vitest';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import { withConnection } from '../../../../core/postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { dumpGlobals } from '../../../../core/postgres/dump/dump-globals.ts';
import { applyGlobals } from '../../../../core/postgres/pg-restore/apply-globals.ts';
import { toolPath } from '../../../../core/postgres/programs/tools.ts';
import { withDirectory } from '../../../support/backup/run.ts';
import { dump, restore, toolsOf } from '../../../support/postgres/engine-restore.ts';
import { foreignLocale, speaksForeign } from '../../../support/postgres/foreign-words.ts';
import {
  runSql,
  sharedServer,
  testMajors,
  uniqueName,
  withDatabase,
} from '../../../support/postgres/servers.ts';

const noWords = 'its servers are programs of the system, which are not given a language';

/** A role that the server speaks German with, and that may not ask for English; it owns the database `target`. */
async function withPlainRole<T>(
  major: number,
  use: (plain: ConnectionParameters, source: ConnectionParameters) => Promise<T>,
): Promise<T> {
  const role = uniqueName('plain');
  return await withDatabase(major, {}, ({ parameters: source }) =>
    withDatabase(major, {}, async ({ parameters: target }) => {
      await runSql(
        target,
        `create role ${role} login; alter role ${role} set lc_messages = '${foreignLocale}';
         alter database ${target.database} owner to ${role}`,
      );
      try {
        return await use({ ...target, user: role }, source);
      } finally {
        await runSql(
          target,
          `reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`,
        );
      }
    }),
  );
}

test.for(testMajors())(
  'a role that may have no passwords is told so in any language (%i)',
  async (major, { skip }) => {
    skip(!(await speaksForeign((await sharedServer(major)).parameters)), noWords);
    await withPlainRole(major, async (plain) => {
      const globals = await dumpGlobals(
        {
          program: toolPath(await toolsOf(major), 'pg_dumpall'),
          database: plain.database,
          env: childEnvironment(plain),
          redact: (text) => text,
          signal: new AbortController().signal,
          encoding: 'UTF8',
          others: async () => [],
        },
        { wanted: true, mayRead: true },
      );
      expect(globals.rolePasswords).toBe(false);
      expect(globals.sql.toString()).toContain(`CREATE ROLE ${plain.user};`);
    });
  },
);

test.for(testMajors())(
  'what psql is refused counts, whatever the server calls an error (%i)',
  async (major, { skip }) => {
    skip(!(await speaksForeign((await sharedServer(major)).parameters)), noWords);
    await withPlainRole(major, async (plain, source) => {
      await runSql(source, 'create table t (a int)');
      await withDirectory(async (directory) => {
        const path = join(directory, 'archive.sql');
        await dump(source, major, path, '--format=plain');
        const archive = { kind: 'path', path } as const;
        const { problems } = await restore(plain, major, {
          archive,
          format: 'plain',
          archiveName: 'archive.sql',
        });
        expect(problems.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^ERROR: nur .* Rolle »postgres«|^ERROR: nur wer SET ROLE »postgres« darf/),
        ]);
      });
    });
  },
);

test.for(testMajors())(
  'a superuser hears the errors of a restore in English, whatever the database says (%i)',
  async (major, { skip }) => {
    skip(!(await speaksForeign((await sharedServer(major)).parameters)), noWords);
    const sql = `create table later (a int); insert into later values (1);
    create function any_later() returns boolean language sql as 'select exists (select from later)';
    create table first (a int check (any_later())); insert into first values (1)`;
    await withDatabase(major, { sql }, ({ parameters: source }) =>
      withDatabase(major, {}, async ({ parameters: target }) => {
        await runSql(target, `alter database ${target.database} set lc_messages = '${foreignLocale}'`);
        await withDirectory(async (directory) => {
          const path = join(directory, 'archive.dump');
          await dump(source, major, path);
          const { problems } = await restore(target, major, { archive: { kind: 'path', path } });
          expect(problems.map(({ message }) => message)).toEqual([
            expect.stringContaining('relation "later" does not exist'),
          ]);
        });
      }),
    );
  },
);

test.for(testMajors())('what roles are refused is judged in English (%i)', async (major, { skip }) => {
  const { parameters } = await sharedServer(major);
  skip(!(await speaksForeign(parameters)), noWords);
  const german = { ...parameters, options: `-c lc_messages=${foreignLocale}` };
  await withConnection(german, {}, async (client) => {
    const { problems } = await applyGlobals(
      { client, sql: 'GRANT pg_of_tomorrow TO postgres;\n', encoding: 'UTF8', readable: (text) => text },
      { mode: 'target' },
    );
    expect(problems).toMatchObject([{ missing: 'the predefined role pg_of_tomorrow' }]);
  });
});
