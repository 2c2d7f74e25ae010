import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyOf, parseId } from '../../../../core/manifest/backup-id.ts';
import type { Manifest, Needs } from '../../../../core/manifest/manifest.ts';
import { namedInArchive } from '../../../../core/postgres/archive/named-roles.ts';
import { readToc } from '../../../../core/postgres/archive/toc.ts';
import { temporaryScratch, withScratchDirectory } from '../../../../core/scratch/scratch.ts';
import { runBackup, withFileStore } from '../../../support/backup/run.ts';
import { serverTools } from '../../../support/postgres/programs.ts';
import { outerMajors, uniqueName, withDatabase } from '../../../support/postgres/servers.ts';

const { signal } = new AbortController();

/** Sorted, so that two lists can be compared. */
function sorted({ roles, tablespaces }: Needs): Needs {
  const inOrder = (list: Needs['roles']): Needs['roles'] =>
    list.map(({ name, as }) => ({ name, as: [...as].sort() })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { roles: inOrder(roles), tablespaces: inOrder(tablespaces) };
}

describe.each(outerMajors())('what an archive names, PostgreSQL %i', (major) => {
  test('as recorded at the source, and as its own statements say', () =>
    withDatabase(major, {}, async ({ parameters, name, query }) => {
      const kinds = [
        'owner',
        'reader',
        'column',
        'policy',
        'mapped',
        'default',
        'given',
        'setting',
        'idle',
        'revoked',
      ];
      const roles = Object.fromEntries(kinds.map((kind) => [kind, uniqueName(kind)]));
      const odd = `Odd "r" TO PUBLIC; ${name}`;
      const quoted = `"${odd.replaceAll('"', '""')}"`;
      const { owner, reader, column, policy, mapped, given, setting, revoked } = roles;
      await query(`${kinds.map((kind) => `create role ${roles[kind]};`).join(' ')} create role ${quoted};
        create schema s; alter schema s owner to ${owner};
        create table s.t (i int, j int); alter table s.t owner to ${quoted};
        grant select on s.t to ${reader}, public; grant update (j) on s.t to ${column};
        create policy p on s.t to ${policy}, public using (i > 0);
        create policy q on s.t to ${policy} using ('x TO nobody' <> '');
        create foreign data wrapper w; create server v foreign data wrapper w;
        create user mapping for ${mapped} server v;
        alter default privileges for role ${roles.default} in schema s grant select on tables to ${given};
        create function f() returns int language plpgsql as $$begin return 1;\nGRANT ALL ON x TO nobody;\nend$$;
        revoke all on function f() from public;
        create table mine (i int); alter table mine owner to ${revoked}; revoke all on mine from ${revoked};
        create type r as range (subtype = int); alter type r owner to ${owner};
        alter role ${setting} in database ${name} set work_mem = '5MB'`);
      try {
        await withFileStore((store, _files, directory) =>
          withScratchDirectory(temporaryScratch(), async (own) => {
            const [result] = (await runBackup(parameters, store).outcome).databases;
            if (result?.status !== 'done') throw new Error(JSON.stringify(result));
            const manifest: Manifest = result.manifest;
            const path = join(directory, keyOf(parseId(result.id), 'archive.dump'));
            const tools = await serverTools(major);
            const toc = await readToc({ tools, path, format: 'custom', signal });
            const dumpIds = toc.entries.map(({ dumpId }) => dumpId);
            const named = await namedInArchive({
              tools,
              path,
              dumpIds,
              parts: ['--schema-only', '--create'],
              directory: own,
              signal,
            });
            if (manifest.needs === undefined || named === undefined)
              throw new Error(`nothing was found: ${JSON.stringify([manifest.needs, named])}`);
            const recorded = sorted(manifest.needs);
            // Of the database itself the archive says the same in the words that it has for all.
            const inWords = recorded.roles.map((one) => ({
              ...one,
              as: [
                ...new Set(
                  one.as.map((use) =>
                    use.replace('database owner', 'owner').replace('database grant', 'grant'),
                  ),
                ),
              ].sort(),
            }));
            expect(inWords).toEqual(sorted(named).roles);
            expect(new Map(recorded.roles.map((one) => [one.name, one.as]))).toEqual(
              new Map(
                [
                  ['postgres', expect.arrayContaining(['database owner', 'owner'])],
                  [owner, ['owner']],
                  [odd, ['owner']],
                  [reader, ['grant']],
                  [column, ['grant']],
                  [policy, ['policy']],
                  [mapped, ['user mapping']],
                  [roles.default, ['default privileges']],
                  [given, ['default privileges']],
                  [setting, ['database setting']],
                  [revoked, ['grant', 'owner']],
                ].map(([one, as]) => [one, as] as [string, string[]]),
              ),
            );
            expect(recorded.tablespaces).toEqual([]);
          }),
        );
      } finally {
        for (const one of [quoted, ...Object.values(roles)])
          await query(`drop owned by ${one} cascade; drop role ${one}`);
      }
    }));
});
