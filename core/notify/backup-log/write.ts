import type { Client } from 'pg';
import { qualifiedName } from '../../postgres/names.ts';
import type { RunEvent } from '../run-events.ts';
import { changesBy, type LogRow } from './row.ts';
import { runLock } from './session.ts';
import { type LogColumn, type LogPlace, logColumns } from './table.ts';

/** What is written into rows of backups that this run did not make. */
export type ForeignEvent = Extract<RunEvent, { readonly kind: 'verified' | 'copied' | 'pruned' }>;

type Columns = ReadonlySet<LogColumn>;

const names = Object.keys(logColumns) as LogColumn[];

/** Makes the row, or brings it up to what is known now: whatever of an earlier attempt arrived. */
export async function writeRow(
  client: Client,
  place: LogPlace,
  columns: Columns,
  row: LogRow,
): Promise<void> {
  const used = names.filter((name) => row[name] !== undefined && columns.has(name));
  const changed = used.filter((name) => name !== 'run' && name !== 'source' && name !== 'database_name');
  await client.query(
    `insert into ${tableOf(place)} (${used.join(', ')}) values (${used.map((_name, index) => `$${index + 1}`).join(', ')})
     on conflict (run, source, database_name) do update set ${changed.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    used.map((name) => row[name]),
  );
}

/**
 * How many of these one statement can write, from the first: a prune tells the same of thousands, and a server that is far
 * away answers so often only in a minute.
 */
export function alike([first, ...others]: readonly ForeignEvent[]): number {
  if (first?.kind !== 'pruned') return 1;
  const end = others.findIndex(
    (other) =>
      other.kind !== 'pruned' ||
      other.source !== first.source ||
      other.store !== first.store ||
      other.at.getTime() !== first.at.getTime(),
  );
  return end < 0 ? others.length + 1 : end + 1;
}

/**
 * Writes what happened to backups of an earlier run, or of none that the table knows: then nothing.
 * @param events alike but for their ids
 */
export async function writeForeign(
  client: Client,
  place: LogPlace,
  columns: Columns,
  events: readonly ForeignEvent[],
): Promise<void> {
  const [event] = events;
  if (event === undefined || !columns.has('backup_id')) return;
  const values: unknown[] = [event.source, events.map(({ id }) => id)];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const set = Object.entries(foreignChanges(event, parameter)).filter(([name]) =>
    columns.has(name as LogColumn),
  );
  if (set.length === 0) return;
  await client.query(
    `update ${tableOf(place)} set ${set.map(([name, value]) => `${name} = ${value}`).join(', ')} where source = $1 and backup_id = any ($2::text[])`,
    values,
  );
}

function foreignChanges(
  event: ForeignEvent,
  parameter: (value: unknown) => string,
): Partial<Record<LogColumn, string>> {
  if (event.kind === 'pruned') {
    // From a copy only the copy went. Which store a backup was made into its file says.
    const store = event.store.replace(/\/+$/, '');
    const home = parameter(`${store}/`);
    const isHome = `left(backup_file, length(${home}::text)) = ${home}`;
    return {
      pruned_at: `case when ${isHome} then ${parameter(event.at)}::timestamptz else pruned_at end`,
      copied_to: `array_remove(copied_to, ${parameter(event.store)}::text)`,
    };
  }
  if (event.kind === 'copied' && event.error === undefined) {
    const to = parameter(event.to);
    return {
      copied_to: `array_append(array_remove(copied_to, ${to}::text), ${to}::text)`,
      copied_at: parameter(event.at),
    };
  }
  return Object.fromEntries(
    Object.entries(changesBy(undefined, event)).map(([name, value]) => [name, parameter(value)]),
  );
}

/**
 * Rows that say `running` although their run is gone. A run holds a session's advisory lock, which the server takes back
 * when its process ends, however it ends: whose lock is to be had is no more. Should it only have lost its connection, its
 * own next row is right again.
 * @param afterSeconds younger rows are left alone
 */
export async function markAbandoned(
  client: Client,
  place: LogPlace,
  { source, run }: Pick<RunEvent, 'source' | 'run'>,
  afterSeconds = 0,
): Promise<void> {
  const table = tableOf(place);
  await client.query('begin');
  try {
    const { rows } = await client.query<{ run: string }>(
      `select distinct run from ${table} where source = $1 and status = 'running' and run <> $2
       and started_at <= now() - make_interval(secs => $3) limit 1000`,
      [source, run, afterSeconds],
    );
    const gone: string[] = [];
    for (const other of rows) {
      const { rows: locks } = await client.query<{ free: boolean }>(
        `select pg_catalog.pg_try_advisory_xact_lock(${runLock(place, other.run)}) as free`,
      );
      if (locks[0]?.free === true) gone.push(other.run);
    }
    if (gone.length > 0)
      await client.query(
        `update ${table} set status = 'abandoned' where source = $1 and status = 'running' and run = any ($2::text[])`,
        [source, gone],
      );
    await client.query('commit');
  } catch (error: unknown) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

function tableOf({ schema, table }: LogPlace): string {
  return qualifiedName({ schema, name: table });
}
