import { PgproofError } from '../../core/errors.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { withConnection } from '../../core/postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../core/postgres/connect/parameters.ts';
import type { Isolation } from '../../core/postgres/server/isolation.ts';
import { chooseBackup } from '../../core/restore/choose-backup.ts';
import { wholeBackup } from '../../core/restore/request.ts';
import { temporaryScratch } from '../../core/scratch/scratch.ts';
import type { Store } from '../../core/store/store.ts';
import { formatDuration, plural } from '../../core/text/units.ts';
import { lookInto } from '../look.ts';
import { runPsql } from '../psql.ts';
import { say } from './take-backup.ts';

/** An order that is in the backup and in the shop no more. */
export type LostRow = {
  /** What finds it. */
  readonly sql: string;
  /** How the server was held in which it was found. */
  readonly isolation: Isolation;
};

/** The first of those that are a present; the sample shop is the same on every run. */
const present = `select order_id from shop.orders where note like 'It is a present%' order by order_id limit 1`;

/**
 * Deletes an order from the shop, and finds it in the backup that was made before, as `pgproof shell` would: restored into
 * a private server, and asked with psql.
 *
 * @throws PgproofError where it is not found
 */
export async function findLostRow(show: {
  readonly shop: ConnectionParameters;
  readonly store: Store;
  readonly signal: AbortSignal;
}): Promise<LostRow> {
  const { shop, store, signal } = show;
  const order = await deleteOrder(shop, signal);
  const chosen = await chooseBackup(store, 'demo/shop/latest', { signal });
  say(`The backup ${formatId(chosen.id)} is older. Restoring its orders, as pgproof shell does:\n`);
  const began = performance.now();
  const selection = { ...wholeBackup, tables: [{ schema: 'shop', name: 'orders' }] };
  const sql = `select order_id, ordered_at::date, customer_id, status, total, note from shop.orders where order_id = ${order}`;
  const scratch = temporaryScratch();
  // The shop is our own: it is looked at on machines without a sandbox too.
  const look = { chosen, selection, store, scratch, signal, say, uncontained: 'own-data' } as const;
  const isolation = await lookInto(look, async (looked, program) => {
    const { parameters } = looked;
    const found = await withConnection(parameters, { signal }, (client) => client.query(sql));
    if (found.rowCount !== 1)
      throw new PgproofError({
        what: 'An order that was deleted after the backup is not in it',
        got: plural(found.rowCount ?? 0, 'row'),
        fix: 'This is a defect of pgproof: please report it.',
      });
    await runPsql({ program, parameters, steps: ['-c', sql], signal: looked.signal });
    return looked.isolation;
  });
  const seconds = formatDuration((performance.now() - began) / 1_000);
  say(`Found in ${seconds}; the private server it was found in is gone.`);
  return { sql, isolation };
}

async function deleteOrder(shop: ConnectionParameters, signal: AbortSignal): Promise<string> {
  return await withConnection(shop, { database: 'shop', signal }, async (client) => {
    const { rows } = await client.query<{ order_id: string }>(present);
    const order = rows[0]?.order_id ?? '';
    await client.query('begin');
    await client.query('delete from shop.payments where order_id = $1', [order]);
    const { rowCount } = await client.query('delete from shop.orders where order_id = $1', [order]);
    await client.query('commit');
    say(`delete from shop.orders where order_id = ${order}: ${rowCount} order is gone from the shop.`);
    return order;
  });
}
