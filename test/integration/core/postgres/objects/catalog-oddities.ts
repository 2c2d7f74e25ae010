/**
 * What reads otherwise after it was dumped and restored, or is left to the server to name, though nothing is wrong.
 * Run it as superuser in an empty database; `role` is a role that exists.
 */
export function catalogOddities(role: string, major: number): string {
  return `
    create schema odd authorization ${role};
    set search_path = odd;

    -- Written as (ARRAY['new'::character varying, …])::text[], and otherwise when it was read again.
    create table orders (
      id bigint generated always as identity (start 100 increment 5 sequence name odd."Ids"),
      serial_id serial,
      state varchar(20) not null default 'new' check (state in ('new', 'paid', 'it''s (odd)')),
      amount numeric(12, 2) default 0 check (amount between 0 and 1000 and amount <> 13),
      tax numeric generated always as (amount * 0.2) stored,
      limits bigint[] default array[1, 2]::bigint[],
      note text collate "C" default 'a (b) ''c''' || chr(10),
      at timestamptz default '2026-01-01 00:00:00+02',
      primary key (id)
    );
    alter table orders drop column limits;
    alter table orders add column late int not null default 7;
    alter table orders alter column note set statistics 250, alter column note set storage external,
      alter column late set (n_distinct = 5);
    create index odd_partial on orders (lower(note), late desc nulls last) include (amount)
      where state in ('new', 'paid') and (late between 1 and 9 or late = 12);
    alter index odd_partial alter column 1 set statistics 77;
    create unique index odd_unique on orders (serial_id);
    alter table orders cluster on orders_pkey;
    alter table orders replica identity using index orders_pkey;
    create view paid as select o.*, (o.amount between 1 and 10) and (o.late > 2 and o.late < 9) as mid
      from orders o where state in ('paid', 'new') order by 1;
    create view joined as select id, orders.state, paid.mid from orders join paid using (id) where orders.state::varchar = any (array['new', 'x']);
    create rule keep as on delete to orders where old.state in ('paid', 'new') do instead nothing;
    alter table orders enable row level security;
    create policy own on orders as restrictive for select to ${role}, public
      using (state in ('new', 'paid') and late between 1 and 3);
    grant select (note), update (state) on orders to ${role};
    grant select on orders to ${role} with grant option;
    revoke all on table paid from ${role}, current_user;

    create materialized view hollow as select 1 as one with no data;
    create view over_hollow as select * from hollow;
    create materialized view filled as select 2 as two;
    create materialized view on_hollow as select two from filled;

    -- Inherited columns come first when they are restored; a check of the parent's comes by itself.
    create table parent (a int, b text);
    create table child (own int) inherits (parent);
    alter table parent add constraint parent_b_check check (b in ('x', 'y')) not valid;
    alter table parent add column c int default 3;
    alter table child alter column c set default 4;
    alter table child validate constraint parent_b_check;

    create table measured (at date not null, value int, kind varchar check (kind in ('a', 'b'))) partition by range (at);
    create table measured_1 (kind varchar constraint measured_kind_check check (kind in ('a', 'b')), at date not null, gone int, value int);
    alter table measured_1 drop column gone;
    alter table measured attach partition measured_1 for values from ('2026-01-01') to ('2026-02-01');
    create table measured_rest partition of measured default;
    create index on measured (value);
    alter table measured add primary key (at, value);
    create table owner_of (id int primary key);
    alter table measured_1 add constraint own_name foreign key (value) references owner_of (id);
    alter table measured add constraint from_parent foreign key (value) references owner_of (id);
    create table refers (at date, value int, foreign key (at, value) references measured (at, value));
    create function note_change() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger changes after insert or update of value on measured for each row
      when (new.kind in ('a', 'b')) execute function note_change('arg', 'it''s');
    alter table measured_1 disable trigger changes;

    create function in_list(text default 'a', variadic items varchar[] default array['x', 'y']::varchar[])
      returns table (x int, y text) language sql stable strict parallel safe cost 7 rows 3
      set search_path = odd, public set work_mem = '5MB' as 'select 1, ''a''::text';
    ${major >= 14 ? 'create function by_tree(a int) returns int language sql begin atomic select case when a between 1 and 2 and a <> 3 then 1 else a end; end;' : ''}
    create procedure doing(inout x int) language plpgsql as 'begin x := x + 1; end';
    revoke execute on procedure doing(int) from public;
    create aggregate total (int) (sfunc = int4pl, stype = int, initcond = '0');

    create type colour as enum ('red', 'blue');
    alter type colour add value 'green' before 'blue';
    create type span as range (subtype = float8, subtype_diff = float8mi);
    create type pair as (a int, b text collate "C");
    comment on column pair.b is 'second';
    create domain word as varchar(30) default 'x' not null constraint known check (value in ('x', 'y'));
    create cast (pair as text) with inout as assignment;
    create operator ### (leftarg = int, rightarg = int, function = int4pl, commutator = ####);
    create operator class reverse for type int using btree as operator 1 >, operator 2 >=, operator 3 =,
      operator 4 <=, operator 5 <, function 1 btint4cmp(int, int);
    create collation german (provider = icu, locale = 'de_DE', deterministic = false);
    create text search configuration words (copy = english);
    alter text search configuration words alter mapping for asciiword with simple, english_stem;
    create statistics correlated (dependencies, ndistinct) on amount, late from orders;
    alter statistics correlated set statistics 300;
    create publication news for table orders (id, state) where (id between 1 and 9 and id <> 5), measured;
    create function watch() returns event_trigger language plpgsql as 'begin end';
    create event trigger watching on ddl_command_end when tag in ('DROP TABLE', 'CREATE TABLE') execute function watch();
    alter event trigger watching disable;
    create foreign data wrapper files options (debug 'true');
    create server remote type 'x' foreign data wrapper files options (host 'h', secret 's');
    create user mapping for ${role} server remote options (password 'hidden');
    create foreign table far (a int options (name 'b') not null) server remote options (path '/x');
    alter default privileges for role ${role} in schema odd grant select on tables to public;
    alter default privileges for role ${role} revoke execute on functions from public;
    alter default privileges for role ${role} revoke all on sequences from ${role};
    create sequence counter as smallint increment -2 minvalue -99 maxvalue 99 start 5 cache 3 cycle;
    create unlogged table fast (a int) with (fillfactor = 70, toast.autovacuum_enabled = false);
    create table nothing ();
    create table "Odd ""name"".x" ("col, 1" int, "select" text);
    comment on column "Odd ""name"".x"."col, 1" is 'it''s one';
    comment on index odd_partial is 'partial';
    comment on constraint orders_pkey on orders is 'key';
    comment on trigger changes on measured is 'changes';
    comment on policy own on orders is 'own';
    create extension pg_trgm schema odd;
    create extension hstore schema public;
    -- As if it came with the extension, which pg_dump then counts on.
    create table of_extension (a int primary key check (a > 0));
    create trigger of_extension before insert on of_extension for each row execute function note_change();
    alter extension hstore add table of_extension;
    comment on extension hstore is 'changed';
    alter table orders owner to ${role};
    alter table child owner to ${role};
    alter function watch() owner to ${role};
    do $$ begin
      execute format('alter database %I set work_mem = ''7MB''', current_database());
      execute format('alter role ${role} in database %I set search_path = odd, public', current_database());
      execute format('comment on database %I is ''all that is odd''', current_database());
      execute format('grant create on database %I to ${role}', current_database());
    end $$;
    reset search_path`;
}
