import { expect, test } from 'vitest';
import { findInTheWay, findPointing } from '../../../../core/restore/beside/in-the-way.ts';
import { newestMajor, withClient, withDatabase } from '../../../support/postgres/servers.ts';

test('functions are told whose text names a table, and none that has its name within a longer word', () =>
  withDatabase(
    newestMajor(),
    {
      sql: `create table ex (i int); create table "a.b(c" (i int); create table "größe" (i int);
        set check_function_bodies = off;
        create function names_it() returns int language sql as 'select i from EX';
        create function quoted() returns int language sql as 'select i from public."a.b(c"';
        create function umlaut() returns int language sql as 'select i from größe';
        create function next_one() returns bool language sql as 'select exists (select 1), ex$1, axb';
        create extension hstore`,
    },
    ({ parameters }) =>
      withClient(parameters, async (client) => {
        const wanted = ['ex', 'a.b(c', 'größe'].map((name) => ({ schema: 'public', name }));
        const found = await findInTheWay(client, wanted);
        expect(found.map(({ mayRename }) => mayRename)).toEqual([true, true, true]);
        const { byName } = await findPointing(client, found);
        expect(byName).toEqual(['public.names_it', 'public.quoted', 'public.umlaut']);
      }),
  ));
