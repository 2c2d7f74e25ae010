import { expect, test } from 'vitest';
import { chooseBackup } from '../../../../../core/restore/choose-backup.ts';
import { wholeBackup } from '../../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../../core/scratch/scratch.ts';
import { runBackup, withFileStore } from '../../../../support/backup/run.ts';
import { emptyServer, judge, told } from '../../../../support/cases/judge.ts';
import { toolsOf } from '../../../../support/postgres/engine-restore.ts';
import { newestMajor, runSql, withOwnServer } from '../../../../support/postgres/servers.ts';

/*
 * Names of roles lie as bytes in catalogs that all databases share: those that the session sent that made them, in the
 * encoding of its database. A database in another encoding reads the same bytes as other letters, or as none.
 */
const kinds = [
  { encoding: 'LATIN1', name: 'Jürg', client: 'UTF8', others: ['Zoë', 'さ'] },
  { encoding: 'EUC_JP', name: 'さくら～', client: 'UTF8', others: [] },
  // pg_dumpall cannot ask for those others in this database: over another one it can.
  { encoding: 'EUC_JP', name: 'app', client: 'UTF8', others: ['さ', 'чай'] },
  { encoding: 'SQL_ASCII', name: 'Zoé', client: 'SQL_ASCII', others: ['Zoë'] },
];

/** As bytes, which are the same whatever reads them. */
const owners = `select encode(convert_to(r.rolname::text, getdatabaseencoding()), 'hex') as owner from pg_class c
  join pg_roles r on r.oid = c.relowner where c.relname = 't'
  union all select encode(convert_to(r.rolname::text, getdatabaseencoding()), 'hex') from pg_database d
  join pg_roles r on r.oid = d.datdba where d.datname = current_database()`;

test('roles come back with the names that they had, byte by byte, whatever the encoding of the database', () =>
  withOwnServer(newestMajor(), {}, async ({ parameters: server }) =>
    withOwnServer(newestMajor(), {}, async ({ parameters: target }) => {
      for (const { encoding, name, client, others } of kinds) {
        const source = { ...server, database: 'shop' };
        await runSql(server, `create database shop encoding '${encoding}' locale 'C' template template0`);
        await runSql(
          source,
          `set client_encoding = '${client}'; create role "${name}" createdb; create role "${name} 2" noinherit;
           grant "${name}" to "${name} 2"; comment on role "${name}" is '${name}';
           alter role "${name}" set search_path = "${name}"; create schema "${name}" authorization "${name}";
           create table "${name}".t (a text); insert into "${name}".t values ('${name}');
           alter table "${name}".t owner to "${name}"; grant select on "${name}".t to "${name} 2";
           alter database shop owner to "${name}"; grant connect on database shop to "${name} 2";
           alter role "${name}" in database shop set work_mem = '9MB'`,
        );
        // Made where all is UTF-8: here they read as something else, or as nothing that the encoding knows.
        for (const other of others) await runSql(server, `create role "${other}"`);
        const expected = await runSql(source, owners);
        const { verifications, byHand, differences } = await judge({
          source,
          target,
          major: newestMajor(),
          times: 1,
        });
        expect([encoding, ...verifications.map(told)]).toEqual([encoding, 'proven']);
        expect(byHand).toEqual({ result: 'done' });
        expect(differences).toEqual([]);
        expect(await runSql({ ...target, database: 'shop' }, owners)).toEqual(expected);
        await emptyServer(target);

        if (encoding === 'LATIN1')
          await withFileStore(async (store) => {
            await runBackup(source, store).outcome;
            const { id, manifest } = await chooseBackup(store, 'test/shop/latest', { any: true });
            const { notes } = await restoreBackup(
              {
                id,
                database: 'shop',
                create: true,
                intoNonEmpty: false,
                selection: wholeBackup,
                applyGlobals: true,
              },
              {
                store,
                manifest,
                target,
                tools: toolsOf,
                clock: () => new Date(),
                scratch: temporaryScratch(),
                signal: new AbortController().signal,
              },
            );
            expect(notes[0]).toMatch(/^\d roles/);
            expect(await runSql({ ...target, database: 'shop' }, owners)).toEqual(expected);
            // Nothing of ours stays.
            expect(
              await runSql(target, "select datname from pg_database where datname like 'pgproof%'"),
            ).toEqual([]);
          });
        await emptyServer(target);
        await emptyServer(server);
      }
    }),
  ));
