import { qualifiedName, quoteIdentifier } from '../../postgres/names.ts';

/** Where the log table lies. */
export type LogPlace = { readonly schema: string; readonly table: string };

/** The table's shape. Each version only adds columns; what is written down in its comment decides what is added. */
export const logVersion = 1;

/** A table without these is somebody else's. */
export const keyColumns = ['run', 'source', 'database_name', 'started_at', 'status'] as const;

/** In the order in which people read them; no constraint on words, for a newer version may have more of them. */
export const logColumns = {
  id: 'bigint generated always as identity primary key',
  run: 'text not null',
  source: 'text not null',
  schedule: 'text',
  database_name: 'text not null',
  status: 'text not null',
  started_at: 'timestamptz not null',
  completed_at: 'timestamptz',
  duration_seconds: 'double precision',
  backup_id: 'text',
  backup_file: 'text',
  backup_size_bytes: 'bigint',
  rows: 'bigint',
  verdict: 'text',
  level: 'text',
  verified_at: 'timestamptz',
  copied_to: "text[] not null default '{}'",
  copied_at: 'timestamptz',
  pruned_at: 'timestamptz',
  error_message: 'text',
  pgproof_version: 'text',
} as const;

export type LogColumn = keyof typeof logColumns;

/**
 * The words in `status`. A backup that was made and found bad is `failed`; `abandoned` is one whose run was killed, as the
 * next run of its source finds out.
 */
export const logStatuses = ['running', 'completed', 'failed', 'abandoned'] as const;
export type LogStatus = (typeof logStatuses)[number];

/** Statements that make table and views; what is there already stays. */
export function createLogTable(place: LogPlace): string[] {
  const table = qualifiedName({ schema: place.schema, name: place.table });
  const columns = Object.entries(logColumns).map(([name, type]) => `  ${name} ${type}`);
  return [
    `create table if not exists ${table} (\n${columns.join(',\n')},\n  unique (run, source, database_name)\n)`,
    `create index if not exists ${quoteIdentifier(`${place.table}_when`)} on ${table} (source, database_name, started_at desc)`,
    `create index if not exists ${quoteIdentifier(`${place.table}_backup`)} on ${table} (backup_id)`,
    ...logViews(place),
    describeLogTable(place),
  ];
}

/** Statements that bring a table of an older version up to this one. Rows stay as they are. */
export function upgradeLogTable(place: LogPlace): string[] {
  const table = qualifiedName({ schema: place.schema, name: place.table });
  const added = Object.entries(logColumns)
    .filter(([name]) => !isKey(name) && name !== 'id')
    .map(([name, type]) => `add column if not exists ${name} ${type}`);
  return [`alter table ${table} ${added.join(', ')}`, ...logViews(place), describeLogTable(place)];
}

function isKey(name: string): boolean {
  return keyColumns.some((key) => key === name);
}

function describeLogTable({ schema, table }: LogPlace): string {
  return `comment on table ${qualifiedName({ schema, name: table })} is '${logComment(logVersion)}'`;
}

export function logComment(version: number): string {
  return `pgproof backup log, version ${version}`;
}

/** Undefined where the comment is not ours. */
export function versionIn(comment: string | null): number | undefined {
  const [, digits] = /^pgproof backup log, version (\d{1,6})$/.exec(comment ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * For monitoring. Of a database whose backups stopped the line stays, and its hours grow: what vanished from a list would
 * look like a problem that is over. Rows without a database are of runs that came to none, and no line of their own here. Columns of a view are only ever added, at its end: PostgreSQL replaces no other.
 */
function logViews({ schema, table }: LogPlace): string[] {
  const name = qualifiedName({ schema, name: table });
  const recent = qualifiedName({ schema, name: `${table}_recent` });
  const status = qualifiedName({ schema, name: `${table}_status` });
  const isGood =
    "status = 'completed' and pruned_at is null and coalesce(verdict, 'intact') in ('proven', 'proven-without', 'intact')";
  return [
    `create or replace view ${recent} as
select id, source, database_name, status, verdict, level, started_at, completed_at, duration_seconds,
  backup_size_bytes, rows, backup_id, backup_file, copied_to, pruned_at, error_message
from ${name}
where started_at > now() - interval '7 days'
order by started_at desc`,
    `create or replace view ${status} as
select source, database_name,
  max(started_at) filter (where ${isGood}) as last_good_at,
  (extract(epoch from now() - max(started_at) filter (where ${isGood})) / 3600)::double precision as hours_since_good,
  max(started_at) filter (where verdict = 'proven' and pruned_at is null) as last_proven_at,
  (extract(epoch from now() - max(started_at) filter (where verdict = 'proven' and pruned_at is null)) / 3600)::double precision
    as hours_since_proven,
  (array_agg(backup_size_bytes order by started_at desc) filter (where ${isGood}))[1] as last_good_size_bytes,
  (array_agg(backup_id order by started_at desc) filter (where ${isGood}))[1] as last_good_backup_id,
  (array_agg(status order by started_at desc))[1] as last_status,
  (array_agg(verdict order by started_at desc))[1] as last_verdict,
  (array_agg(error_message order by started_at desc))[1] as last_error_message,
  count(*) filter (where started_at > now() - interval '7 days') as runs_7_days,
  count(*) filter (where status in ('failed', 'abandoned') and started_at > now() - interval '7 days') as failed_7_days
from ${name}
where database_name <> ''
group by source, database_name`,
  ];
}

/**
 * The same as a script, for whoever makes the table beforehand, so that the role that pgproof logs in as needs no right to
 * make one.
 * @param roles who writes (pgproof), and who only reads (the monitoring)
 */
export function logTableScript(
  place: LogPlace,
  roles: { readonly writer?: string | undefined; readonly reader?: string | undefined } = {},
): string {
  const { schema, table } = place;
  const of = (name: string): string => qualifiedName({ schema, name });
  const grant = (right: string, on: string, role: string): string =>
    `grant ${right} on ${on} to ${quoteIdentifier(role)}`;
  const { writer, reader } = roles;
  const grants = [
    ...[writer, reader].flatMap((role) =>
      role === undefined ? [] : [grant('usage', `schema ${quoteIdentifier(schema)}`, role)],
    ),
    ...(writer === undefined ? [] : [grant('select, insert, update', of(table), writer)]),
    ...(reader === undefined
      ? []
      : [grant('select', `${of(table)}, ${of(`${table}_recent`)}, ${of(`${table}_status`)}`, reader)]),
  ];
  return [...createLogTable(place), ...grants].map((statement) => `${statement};\n`).join('\n');
}
