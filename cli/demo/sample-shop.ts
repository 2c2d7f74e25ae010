import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Client } from 'pg';
import { messageOf, PgproofError } from '../../core/errors.ts';
import { withConnection } from '../../core/postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../core/postgres/connect/parameters.ts';
import { quoteIdentifier } from '../../core/postgres/names.ts';

/** One step of filling a database has begun. */
export type SampleProgress = {
  readonly database: string;
  /** What is being made, in a word or two: `orders`. */
  readonly label: string;
  /** From 1. */
  readonly step: number;
  readonly steps: number;
};

export type SampleOptions = {
  /** @default 'shop' */
  readonly database?: string;
  /** 1 makes some 130 MB, 0.02 some 15 MB. @default 1 */
  readonly scale?: number;
  readonly onProgress?: (progress: SampleProgress) => void;
  readonly signal?: AbortSignal | undefined;
};

export type SampleDatabase = {
  readonly database: string;
  /** pg_database_size. */
  readonly bytes: number;
  readonly milliseconds: number;
};

/** A statement of the sample data failed: the server is not a fresh one, or not one that we know. */
export class SampleDataError extends PgproofError {
  override readonly name = 'SampleDataError';
}

/** A script that is one transaction; `text` for what PostgreSQL does not run inside one. */
type Step = { readonly label: string } & ({ readonly file: string } | { readonly text: string });

/**
 * For the session, not the database: a dump would carry those. Rows must not depend on the machine's time zone, nor
 * on settings that a server was given.
 */
const sessionOptions =
  '-c timezone=UTC -c datestyle=ISO -c synchronous_commit=off -c client_min_messages=error -c statement_timeout=0';

const oddDatabase = 'Ünïcode "quoted" db';

const shopSteps: readonly Step[] = [
  { label: 'words', file: 'sample-shop/vocabulary.sql' },
  { label: 'types', file: 'sample-shop/types.sql' },
  { label: 'products', file: 'sample-shop/catalogue.sql' },
  { label: 'customers', file: 'sample-shop/customers.sql' },
  { label: 'order lines', file: 'sample-shop/order-lines.sql' },
  { label: 'orders', file: 'sample-shop/orders.sql' },
  { label: 'payments', file: 'sample-shop/payments.sql' },
  { label: 'events', file: 'sample-shop/events.sql' },
  { label: 'warehouse', file: 'sample-shop/warehouse.sql' },
  { label: 'images', file: 'sample-shop/images.sql' },
  { label: 'keys and indexes', file: 'sample-shop/constraints.sql' },
  { label: 'views and functions', file: 'sample-shop/code.sql' },
  { label: 'odd names', file: 'sample-shop/odd-names.sql' },
  { label: 'statistics', text: 'RESET ROLE; SET default_statistics_target = 10; ANALYZE' },
];

/**
 * Makes a database that looks like a real shop's, with every kind of object a backup has to bring back, by SQL
 * that runs in the server: some 130 MB and a few seconds at scale 1. The same rows on every run and major.
 * Also makes the roles shop_owner, shop_app and shop_readonly where they are missing.
 *
 * @throws SampleDataError when the database exists already, or the role is not a superuser; ConnectionFailed
 */
export async function loadSampleShop(
  server: ConnectionParameters,
  options: SampleOptions = {},
): Promise<SampleDatabase> {
  await runSteps(server, 'postgres', [{ label: 'roles', file: 'sample-shop/roles.sql' }], {
    signal: options.signal,
  });
  return await fill(server, options.database ?? 'shop', 'shop_owner', shopSteps, options);
}

/** Makes two small databases beside the shop: `reports`, and one whose name needs care. */
export async function loadSmallDatabases(
  server: ConnectionParameters,
  options: Pick<SampleOptions, 'onProgress' | 'signal'> = {},
): Promise<readonly SampleDatabase[]> {
  return [
    await fill(
      server,
      oddDatabase,
      undefined,
      [{ label: 'tables', file: 'sample-small/unicode.sql' }],
      options,
    ),
    await fill(
      server,
      'reports',
      undefined,
      [{ label: 'tables', file: 'sample-small/reports.sql' }],
      options,
    ),
  ];
}

async function fill(
  server: ConnectionParameters,
  database: string,
  owner: string | undefined,
  steps: readonly Step[],
  options: SampleOptions,
): Promise<SampleDatabase> {
  const started = performance.now();
  // template0 takes any encoding, and the C locale goes with any: the server may have been made in another.
  const create = `CREATE DATABASE ${quoteIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'${
    owner === undefined ? '' : ` OWNER ${quoteIdentifier(owner)}`
  }`;
  await runSteps(server, 'postgres', [{ label: 'database', text: create }], { signal: options.signal });
  const bytes = await runSteps(server, database, steps, options);
  return { database, bytes, milliseconds: Math.round(performance.now() - started) };
}

/**
 * Runs the steps in one session, because what helps to fill is temporary. Returns the database's size in bytes.
 */
async function runSteps(
  server: ConnectionParameters,
  database: string,
  steps: readonly Step[],
  { scale = 1, onProgress, signal }: SampleOptions,
): Promise<number> {
  return await withConnection(
    { ...server, options: sessionOptions },
    { database, signal },
    async (client) => {
      // pgproof's own sessions see pg_catalog only; these scripts make tables where a user's session would.
      await client.query('SET search_path = public');
      await client.query("SELECT set_config('sample.scale', $1, false)", [String(scale)]);
      for (const [index, step] of steps.entries()) {
        onProgress?.({ database, label: step.label, step: index + 1, steps: steps.length });
        await runStep(client, database, step);
      }
      const size = await client.query<{ bytes: string }>(
        'SELECT pg_database_size(current_database())::text AS bytes',
      );
      return Number(size.rows[0]?.bytes);
    },
  );
}

async function runStep(client: Client, database: string, step: Step): Promise<void> {
  const text = 'text' in step ? step.text : await readFile(new URL(step.file, import.meta.url), 'utf8');
  try {
    await client.query(text);
  } catch (error: unknown) {
    throw new SampleDataError(
      {
        what: `Database ${JSON.stringify(database)} could not be filled with sample data, at the step "${step.label}"`,
        got: messageOf(error),
        expected: 'a fresh server, PostgreSQL 15 or newer, and its superuser',
        fix: 'Start with a new server, or use one with data of its own: npm start -- --source URL.',
      },
      { cause: error },
    );
  }
}
