create table if not exists "public"."backup_log" (
  id bigint generated always as identity primary key,
  run text not null,
  source text not null,
  schedule text,
  database_name text not null,
  status text not null,
  started_at timestamptz not null,
  completed_at timestamptz,
  duration_seconds double precision,
  backup_id text,
  backup_file text,
  backup_size_bytes bigint,
  rows bigint,
  verdict text,
  level text,
  verified_at timestamptz,
  copied_to text[] not null default '{}',
  copied_at timestamptz,
  pruned_at timestamptz,
  error_message text,
  pgproof_version text,
  unique (run, source, database_name)
);

create index if not exists "backup_log_when" on "public"."backup_log" (source, database_name, started_at desc);

create index if not exists "backup_log_backup" on "public"."backup_log" (backup_id);

create or replace view "public"."backup_log_recent" as
select id, source, database_name, status, verdict, level, started_at, completed_at, duration_seconds,
  backup_size_bytes, rows, backup_id, backup_file, copied_to, pruned_at, error_message
from "public"."backup_log"
where started_at > now() - interval '7 days'
order by started_at desc;

create or replace view "public"."backup_log_status" as
select source, database_name,
  max(started_at) filter (where status = 'completed' and pruned_at is null and coalesce(verdict, 'intact') in ('proven', 'proven-without', 'intact')) as last_good_at,
  (extract(epoch from now() - max(started_at) filter (where status = 'completed' and pruned_at is null and coalesce(verdict, 'intact') in ('proven', 'proven-without', 'intact'))) / 3600)::double precision as hours_since_good,
  max(started_at) filter (where verdict = 'proven' and pruned_at is null) as last_proven_at,
  (extract(epoch from now() - max(started_at) filter (where verdict = 'proven' and pruned_at is null)) / 3600)::double precision
    as hours_since_proven,
  (array_agg(backup_size_bytes order by started_at desc) filter (where status = 'completed' and pruned_at is null and coalesce(verdict, 'intact') in ('proven', 'proven-without', 'intact')))[1] as last_good_size_bytes,
  (array_agg(backup_id order by started_at desc) filter (where status = 'completed' and pruned_at is null and coalesce(verdict, 'intact') in ('proven', 'proven-without', 'intact')))[1] as last_good_backup_id,
  (array_agg(status order by started_at desc))[1] as last_status,
  (array_agg(verdict order by started_at desc))[1] as last_verdict,
  (array_agg(error_message order by started_at desc))[1] as last_error_message,
  count(*) filter (where started_at > now() - interval '7 days') as runs_7_days,
  count(*) filter (where status in ('failed', 'abandoned') and started_at > now() - interval '7 days') as failed_7_days
from "public"."backup_log"
where database_name <> ''
group by source, database_name;

comment on table "public"."backup_log" is 'pgproof backup log, version 1';

grant usage on schema "public" to "pgproof";

grant usage on schema "public" to "monitoring";

grant select, insert, update on "public"."backup_log" to "pgproof";

grant select on "public"."backup_log", "public"."backup_log_recent", "public"."backup_log_status" to "monitoring";
