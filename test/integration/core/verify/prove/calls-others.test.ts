import { expect, test } from 'vitest';
import type { Verification } from '../../../../../core/manifest/verification.ts';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { recordBackup } from '../../../../support/backup/recorded.ts';
import { realTools, withDirectory } from '../../../../support/backup/run.ts';
import { verificationTools } from '../../../../support/postgres/programs.ts';
import { newestMajor, withDatabase } from '../../../../support/postgres/servers.ts';

/*
 * Some syntax has no place for an operator's schema. pg_restore looks the operator up under an empty search_path, and
 * what citext can be cast to has one of the same name: the definition reads the same and means something else.
 */

const major = newestMajor();
const told = ({ verdict, checks }: Verification): string[] => [
  verdict,
  ...checks.filter(({ status }) => status !== 'passed').map(({ name, detail }) => `${name}: ${detail}`),
];

async function prove(sql: string, isOld = false): Promise<string[]> {
  return await withDatabase(major, { sql }, ({ parameters }) =>
    withDirectory(async (directory) => {
      const backup = await recordBackup({ directory, tools: await realTools(major), parameters });
      if (isOld)
        await backup.editManifest(({ catalogHasUses: _marker, ...manifest }) => ({
          ...manifest,
          catalog: manifest.catalog?.map(({ uses: _uses, ...object }) => object),
        }));
      return told(
        await verifyBackup(
          { id: backup.id, level: 'restore' },
          { store: fileStore({ directory }), tools: realTools, verificationTools, clock: () => new Date() },
        ),
      );
    }),
  );
}

const base = `create schema ext; create extension citext schema ext; set search_path = public, ext;
  create table account (email citext primary key, name text);
  create table login (email citext, at date);`;

test('every kind of definition that is bound anew to what is built in is named, with what it called', async () => {
  const [verdict, detail, ...more] = await prove(`${base}
    create view joined as select name, at from account join login using (email);
    create view chosen as select case email when 'A' then 1 else 2 end as which from account;
    create materialized view listed as select case email when 'A' then 1 else 2 end as which from account;
    create function known(e citext) returns boolean stable
      begin atomic select case e when 'root' then true else false end; end;
    create table entry (email citext default case 'A'::citext when 'a' then 'x'::citext end,
      low boolean generated always as (case email when 'ROOT' then true else false end) stored,
      constraint simple check (case email when 'ROOT' then false else true end));
    create index firsts on entry ((case email when 'A' then 1 else 0 end));
    create domain odd as citext constraint plain check (case value when 'ROOT' then false else true end);
    alter table entry enable row level security;
    create policy own on entry using (case email when 'root' then true else false end);
    create rule quiet as on update to entry where (case new.email when 'A' then true else false end) do instead nothing;
    create statistics spread on (case email when 'A' then 1 else 0 end), low from entry;
    create function touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger touched before update on entry for each row
      when (case new.email when 'A' then true else false end) execute function touch();
    create table parted (email citext) partition by list ((case email when 'A' then 1 else 0 end));`);
  expect(verdict).toBe('failed');
  expect(more).toEqual([]);
  const [how, names = ''] = (detail ?? '').split('): ');
  expect(how).toBe(
    'schema: what reads as at the source and means something else, as it calls other things (there operator ext.=(ext.citext,ext.citext), restored what is built in',
  );
  expect(names.split(', ').sort()).toEqual([
    'domain constraint plain on public.odd',
    'function public.known(ext.citext)',
    'index public.firsts',
    'materialized view public.listed',
    'policy own on public.entry',
    'rule quiet on public.entry',
    'statistics object public.spread',
    'table constraint simple on public.entry',
    'table public.entry',
    'table public.parted',
    'trigger touched on public.entry',
    'view public.chosen',
    'view public.joined',
  ]);
});

test('what is bound as at the source is proven, whatever else stands in its definition', async () => {
  expect(
    await prove(`create extension citext; create extension pg_trgm;
      create type mood as enum ('sad', 'ok');
      create type pair as (a int, b citext);
      create table account (id int generated always as identity primary key, email citext not null unique,
        mood mood default 'ok', tags citext[], duo pair, check (mood = any (array['sad', 'ok']::mood[])),
        check (email = any ((array['a', 'b'])::citext[])), exclude (email with =));
      create table login (email citext references account (email), at date) partition by hash (email);
      create table login_0 partition of login for values with (modulus 1, remainder 0);
      create function name_of(citext) returns text immutable language sql return lower($1::text);
      create index on account using gin (name_of(email) gin_trgm_ops);
      create operator === (function = citext_eq, leftarg = citext, rightarg = citext);
      create view v as select distinct a.email, greatest(a.email, 'x') as g
        from account a join login l on l.email = a.email where a.email === 'x' or a.email in ('a', 'b')
        group by a.email, a.mood order by a.email;
      create materialized view m as select max(email) as top, array_agg(email order by email) from account;
      create domain short as citext check (value ~ '^a' and length(value) < 9);
      create table child (extra short) inherits (account);
      create aggregate longest(citext) (sfunc = citext_larger, stype = citext);
      create statistics spread on lower(email), id from account;
      create publication p for table account where (id > 3);`),
  ).toEqual(['proven']);
});

test('a manifest that knows nothing of it is compared as before', async () => {
  expect(
    await prove(`${base} create view joined as select name, at from account join login using (email)`, true),
  ).toEqual(['proven']);
});
