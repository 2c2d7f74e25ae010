import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { qualifiedName, quoteIdentifier } from '../../postgres/names.ts';
import { plural } from '../../text/units.ts';
import { TargetRefused } from '../finding.ts';
import type { Renamed } from '../report.ts';
import { listed } from './choose-beside.ts';
import { findInTheWay, findPointing, type InTheWay, takenNames } from './in-the-way.ts';
import { oldName, oldSuffix } from './old-name.ts';

/** So long a busy application may keep a table: behind one who waits for its lock all others wait too. */
const lockSeconds = 5;

export type MadeWay = {
  readonly renamed: readonly Renamed[];
  readonly notes: readonly string[];
};

type Place = {
  readonly target: ConnectionParameters;
  readonly database: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Gives what is in the way of tables of these names other names, all in one transaction.
 * @throws TargetRefused with nothing changed: a table is busy, or the role may not
 */
export async function renameExisting(
  wanted: readonly { readonly schema: string; readonly name: string }[],
  { now, ...place }: Place & { readonly now: Date },
): Promise<MadeWay> {
  return await inTransaction(place, async (client) => {
    const found = await findInTheWay(client, wanted);
    refuseToRename(found);
    const taken = await takenNames(client, [...new Set(found.map(({ schema }) => schema))]);
    const suffix = oldSuffix(now);
    const { pointers, byName } = await findPointing(client, found);
    const renamed: Renamed[] = [];
    for (const { kind, schema, name } of found) {
      const to = oldName(name, suffix, taken);
      taken.add(to);
      renamed.push({ kind, schema, from: name, to });
    }
    for (const one of renamed) await client.query(statement(one));
    return { renamed, notes: notesOf(renamed, { pointers, byName }) };
  });
}

/**
 * Gives them their names back, where what was to get those did not come.
 * @throws TargetRefused where one of the names is taken, or a table is busy
 */
export async function undoRename(renamed: readonly Renamed[], place: Place): Promise<void> {
  await inTransaction(place, async (client) => {
    for (const one of [...renamed].reverse()) await client.query(statement(backwards(one)));
  });
}

function statement({ kind, schema, from, to }: Renamed): string {
  return `ALTER ${kind} ${qualifiedName({ schema, name: from })} RENAME TO ${quoteIdentifier(to)}`;
}

function backwards(one: Renamed): Renamed {
  return { ...one, from: one.to, to: one.from };
}

/** Statements that give them their names back. */
export function renameBack(renamed: readonly Renamed[]): string[] {
  return [...renamed].reverse().map((one) => `${statement(backwards(one))};`);
}

/**
 * Refuses what is known to fail, which a rehearsal tells too.
 * @throws TargetRefused
 */
export function refuseToRename(found: readonly InTheWay[]): void {
  refusePartitions(found);
  const others = found.filter(({ mayRename }) => !mayRename);
  if (others.length === 0) return;
  throw new TargetRefused({
    what: 'The role may not rename what is in the way',
    got: listed(
      others.map(({ kind, schema, name }) => `${kind.toLowerCase()} ${qualifiedName({ schema, name })}`),
    ),
    expected: 'a role that owns it, with CREATE on its schema',
    fix: 'Nothing was renamed. Name such a role in --to, or restore beside it with --into-schema.',
  });
}

/** The tree would have the place of a partition twice, once it is restored; and rows may come through the root of the tree. */
function refusePartitions(found: readonly InTheWay[]): void {
  const parts = found.filter(({ parent }) => parent !== null);
  if (parts.length === 0) return;
  throw new TargetRefused({
    what: 'A partition of a table that stays cannot give way to another one',
    got: listed(parts.map(({ schema, name, parent }) => `${qualifiedName({ schema, name })} of ${parent}`)),
    fix: 'Nothing was renamed. Name the whole partitioned table, restore beside it with --into-schema, or detach the partition first (ALTER TABLE … DETACH PARTITION).',
  });
}

function notesOf(
  renamed: readonly Renamed[],
  { pointers, byName }: { readonly pointers: readonly string[]; readonly byName: readonly string[] },
): string[] {
  if (renamed.length === 0) return ['nothing was in the way: nothing was renamed'];
  return [
    `renamed: ${listed(renamed.map(({ kind, schema, from, to }) => `${kind.toLowerCase()} ${qualifiedName({ schema, name: from })} to ${quoteIdentifier(to)}`))}`,
    ...(pointers.length === 0 ? [] : [`still point at what was renamed: ${listed(pointers)}`]),
    ...(byName.length === 0
      ? []
      : [`functions that name it in their text find what was restored: ${listed(byName)}`]),
  ];
}

/** SQLSTATE lock_not_available and deadlock_detected. */
const busy: ReadonlySet<unknown> = new Set(['55P03', '40P01']);

async function inTransaction<T>(
  { target, database, signal }: Place,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  return await withConnection(target, { database, signal }, async (client) => {
    await client.query('begin isolation level read committed read write');
    try {
      await client.query(`set local lock_timeout = '${lockSeconds}s'`);
      const result = await use(client);
      await client.query('commit');
      return result;
    } catch (error: unknown) {
      signal?.throwIfAborted();
      if (error instanceof TargetRefused) throw error;
      await client.query('rollback').catch(() => undefined);
      const isBusy = busy.has((error as { readonly code?: unknown }).code);
      throw new TargetRefused(
        {
          what: isBusy
            ? 'The tables that are in the way are in use'
            : 'The tables that are in the way cannot be renamed',
          got: messageOf(error),
          expected: isBusy ? `their locks within ${plural(lockSeconds, 'second')}` : undefined,
          fix: isBusy
            ? 'Nothing was renamed. Stop what works with them for a moment (pg_stat_activity, pg_locks), or restore beside them with --into-schema.'
            : 'Nothing was renamed. Name a role in --to that owns them, or restore beside them with --into-schema.',
        },
        { cause: error },
      );
    }
  });
}
