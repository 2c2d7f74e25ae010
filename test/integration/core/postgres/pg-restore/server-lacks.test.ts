import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dependentsOf, readToc } from '../../../../../core/postgres/archive/toc.ts';
import { withPrivateServer } from '../../../../../core/postgres/server/private-server.ts';
import { withDirectory } from '../../../../support/backup/run.ts';
import { dump, restore, serverWithout, toolsOf } from '../../../../support/postgres/engine-restore.ts';
import { runSql, uniqueName, withDatabase } from '../../../../support/postgres/servers.ts';

const extensions = ['hstore', 'citext', 'ltree', 'pg_trgm', 'unaccent'];

/** Everything that can lean on an extension, each in a way of its own; and what leans on none. */
const leaning = `${extensions.map((name) => `create extension ${name};`).join(' ')}
  create schema app; create domain app.email as citext check (value ~ '@'); create type app.pair as (a hstore, b int);
  create type app.span as range (subtype = citext);
  create table app.users (id int primary key, email app.email, tags hstore, path ltree, name text default lower('A'));
  create table app.orders (id int primary key, user_id int references app.users, p app.pair);
  create table app.parts (k citext, v int) partition by list (k); create table app.part_a partition of app.parts for values in ('a');
  create table app.kids (more int) inherits (app.users);
  create table app.words (w text, plain int default 1); create index words_trgm on app.words using gin (w gin_trgm_ops);
  create table app.defaults (a text default public.unaccent('é'), b int);
  create table app.generated (a text, b boolean generated always as (a::citext = 'x'::citext) stored);
  create table app.checked (a text constraint like_it check (public.similarity(a, 'b') >= 0));
  create table app.arrays (a hstore[], b int);
  create view app.tags as select tags -> 'a' as a from app.users; create view app.tags2 as select * from app.tags;
  create materialized view app.counts as select path, count(*) from app.users group by path; create index on app.counts (path);
  create function app.f(hstore) returns int language sql as 'select 1'; create function app.g() returns citext language sql as 'select null';
  create function app.norm(text) returns text immutable language sql as 'select public.unaccent($1)';
  create function app.touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger touched before update on app.users for each row when (new.email is distinct from old.email) execute function app.touch();
  create trigger touched before update on app.words for each row execute function app.touch();
  create policy own on app.words using (w % 'a'); create rule r as on insert to app.words where w % 'zz' do also nothing;
  create aggregate app.collect(hstore) (sfunc = public.hs_concat, stype = hstore); create cast (hstore as app.pair) with inout;
  create operator app.## (leftarg = hstore, rightarg = int, procedure = app.h) ;
  create statistics app.st on (path), (email) from app.users; comment on column app.users.tags is 'x'; comment on function app.f(hstore) is 'x';
  create publication pub for table app.users, app.words;
  create table app.plain (id int primary key, note text); create index on app.plain (note); create index normed on app.plain (app.norm(note));
  grant select on app.users to public; grant select (path) on app.users to public; grant execute on function app.f(hstore) to public;
  alter default privileges in schema app grant select on tables to public;
  insert into app.users values (1, 'a@b', 'a=>1', 'x.y'); insert into app.orders values (1, 1); insert into app.parts values ('a', 1);
  insert into app.words values ('word'); insert into app.plain select n, 'note ' || n from generate_series(1, 99) n`;
const sql = leaning.replace(
  'create operator',
  "create function app.h(hstore, int) returns int language sql as 'select 1'; create operator",
);

test('what needs an extension that the server has not is known from the archive; the rest is as it was', () =>
  withDirectory(async (directory) => {
    const tools = await serverWithout(extensions, join(directory, 'poor'));
    const path = join(directory, 'archive.dump');
    const role = uniqueName('gone');
    await withDatabase(tools.major, { sql }, async ({ parameters, query, server }) => {
      await query(
        `create role ${role}; alter table app.words owner to ${role}; alter index app.plain_note_idx rename to by_note`,
      );
      await query(
        `create table app.owned (a int); alter table app.owned owner to ${role}; grant usage on schema app to ${role}`,
      );
      await dump(parameters, tools.major, path);
      await query(`drop owned by ${role}`);
      await runSql(server.parameters, `drop role ${role}`);
    });
    const signal = new AbortController().signal;
    const toc = await readToc({
      tools: await toolsOf(tools.major),
      path,
      format: 'custom',
      signal,
    });
    const roots = new Set(toc.entries.filter(({ type }) => type === 'EXTENSION').map(({ dumpId }) => dumpId));
    expect(roots.size).toBe(extensions.length);
    const leaveOut = new Set([...roots, ...dependentsOf(toc, roots)]);
    const archive = { kind: 'path', path } as const;

    await withPrivateServer({ tools }, async ({ parameters }) => {
      // Left out beforehand: only the function whose body nobody can look into is heard of, and the role.
      const { problems } = await restore(parameters, tools.major, { archive, leaveOut, jobs: 1 });
      expect(problems.filter(({ fault }) => fault === 'environment')).toMatchObject([
        { missing: expect.stringMatching(/^extension/), message: expect.stringContaining('unaccent') },
      ]);
      const faults = problems.filter(({ fault }) => fault === 'backup').map(({ message }) => message);
      expect(faults.length).toBeGreaterThan(0);
      expect(faults.filter((message) => !message.includes(`role "${role}" does not exist`))).toEqual([]);
      const rows = await runSql(parameters, 'select count(*)::int as n from app.plain');
      expect(rows).toEqual([{ n: 99 }]);

      // And without leaving anything out: the same.
      await runSql(parameters, 'create database again');
      const whole = await restore({ ...parameters, database: 'again' }, tools.major, { archive, jobs: 1 });
      const others = whole.problems.filter(({ fault }) => fault === 'backup').map(({ message }) => message);
      expect(others.filter((message) => !message.includes(`role "${role}" does not exist`))).toEqual([]);
      const limits = new Set(whole.problems.map(({ missing }) => missing).filter((one) => one !== undefined));
      for (const name of extensions) expect(limits).toContain(`extension "${name}"`);
      expect(whole.problems.map(({ entry }) => entry?.label.split(' ')[0])).toEqual(
        expect.arrayContaining(['EXTENSION', 'TABLE', 'INDEX', 'VIEW', 'FUNCTION']),
      );
    });
  }));
