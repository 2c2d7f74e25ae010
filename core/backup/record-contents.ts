import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { messageOf } from '../errors.ts';
import type { DatabaseObject, TableRows } from '../manifest/manifest.ts';
import { queryFailed } from '../postgres/connect/query-failed.ts';
import { databaseSql, describeDatabase } from '../postgres/dump/database-sql.ts';
import { lockForCounting } from '../postgres/facts/count-rows.ts';
import { recordOf } from '../postgres/facts/dumped-tables.ts';
import { holdsMoney } from '../postgres/facts/holds-money.ts';
import { readNotDumped } from '../postgres/facts/not-dumped.ts';
import type { Snapshot } from '../postgres/facts/snapshot.ts';
import { countSnapshotRows } from '../postgres/facts/snapshot-rows.ts';
import { fingerprintLargeObjects } from '../postgres/facts/table-fingerprint.ts';
import { readNeeds } from '../postgres/objects/needs.ts';
import { countLargeObjects, readObjects, steadyObjects } from '../postgres/objects/read-objects.ts';
import { whyOrderMatters } from '../postgres/pg-restore/order-matters.ts';
import type { RowMode } from '../vocabulary.ts';
import type { Recorded } from './make-manifest.ts';
import type { Part } from './selected.ts';

export type RecordRequest = {
  readonly client: Client;
  readonly database: string;
  readonly snapshot: Snapshot;
  readonly rows: RowMode;
  readonly fingerprint: boolean;
  /** Whether the database itself is to be described, because the archive does not. */
  readonly describe: boolean;
  /** Where something is left out: what is in the dump. */
  readonly part?: Part | undefined;
  /** Of the pg_dump that runs beside. */
  readonly pgDumpMajor: number;
  /** Fulfilled when pg_dump holds its locks. */
  readonly locked: Promise<unknown>;
  /** Fulfilled when pg_dump has ended well. */
  readonly dumped: Promise<unknown>;
  readonly signal: AbortSignal;
  readonly onLife: () => void;
  readonly onWarning: (message: string) => void;
};

/**
 * What the database holds in the snapshot, for verifications to compare with: rows of every table, and every object.
 * It is read beside pg_dump, between when that has its locks and after it has ended.
 * @throws QueryFailed where rows cannot be counted; what makes `dumped` reject
 */
export async function recordContents(request: RecordRequest): Promise<Recorded> {
  try {
    return await record(request);
  } catch (cause: unknown) {
    // Where the server died pg_dump notices in the same moment, and its words are the ones to tell.
    await Promise.race([request.dumped, sleep(dumpToFailMs, undefined, { signal: request.signal })]);
    throw queryFailed(`What ${JSON.stringify(request.database)} holds could not be recorded`, cause);
  }
}

const dumpToFailMs = 2_000;

async function record(request: RecordRequest): Promise<Recorded> {
  const { client, database, snapshot, fingerprint, signal, onLife } = request;
  // A dump that ends without having said so ended badly, and is what will be told.
  await Promise.race([request.locked, request.dumped]);
  const inWords = (cause: unknown): never => {
    throw queryFailed(`The rows of ${JSON.stringify(database)} could not be counted`, cause);
  };
  const isCounted = request.rows === 'exact';
  const late = isCounted ? await lockForCounting(client, snapshot.tables).catch(inWords) : undefined;
  const before = await readOrWarn(request);
  const notDumped = await readIfAllowed(request, 'what the dump leaves out', () =>
    readNotDumped(client, { isCounted, signal }),
  );
  const money = await readIfAllowed(request, undefined, () => holdsMoney(client));
  const order = await readIfAllowed(request, undefined, () => whyOrderMatters(client));
  const { encoding } = snapshot;
  const { pgDumpMajor } = request;
  const needs =
    request.part === undefined
      ? await readIfAllowed(request, undefined, () => readNeeds(client, { encoding, pgDumpMajor }))
      : undefined;
  const described = request.describe
    ? await readIfAllowed(request, 'owner, grants and settings of the database', () =>
        describeDatabase(client),
      )
    : undefined;
  const tables: readonly TableRows[] = isCounted
    ? await countSnapshotRows(client, snapshot.tables, { late, fingerprint, signal, onTable: onLife }).catch(
        inWords,
      )
    : snapshot.tables.map(recordOf);
  const largeObjectsFingerprint =
    fingerprint && request.part?.largeObjects !== false ? await fingerprintLargeObjects(client) : undefined;
  await request.dumped;
  const after = before === undefined ? undefined : await readOrWarn(request);
  return {
    tables,
    catalog: before && after && steadyObjects(before.catalog, after.catalog),
    largeObjects: after?.largeObjects,
    largeObjectsFingerprint,
    notDumped,
    holdsMoney: money,
    order,
    needs,
    databaseSql: described && databaseSql(described),
  };
}

/**
 * What pgproof would like to know, and a backup can do without: undefined where it cannot be read.
 * @param what for the warning; undefined: there is none, as a verification is only more cautious without it
 */
async function readIfAllowed<T>(
  { client, signal, onWarning }: RecordRequest,
  what: string | undefined,
  read: () => Promise<T>,
): Promise<T | undefined> {
  signal.throwIfAborted();
  await client.query('savepoint before_reading');
  try {
    const found = await read();
    await client.query('release savepoint before_reading');
    return found;
  } catch (error: unknown) {
    signal.throwIfAborted();
    await client.query('rollback to savepoint before_reading');
    if (what !== undefined) onWarning(`${what} could not be read: ${messageOf(error)}`);
    return undefined;
  }
}

/**
 * The server locks the tables under a view to write its definition. Where another session waits to truncate one of
 * them, it waits for pg_dump to end, and this lock would wait behind it.
 */
const lockWaitSeconds = 3;

/** Some 30 MB of manifest; a store hands out 64 MiB as one small object. */
const mostObjects = 200_000;

type Reading = { readonly catalog: readonly DatabaseObject[]; readonly largeObjects: number };

/** pg_dump is the judge of whether a backup can be made: what pgproof alone cannot read does not fail it. */
async function readOrWarn({
  client,
  signal,
  onLife,
  onWarning,
  part,
}: RecordRequest): Promise<Reading | undefined> {
  signal.throwIfAborted();
  // Also gives back the locks that the server takes on what a view reads.
  await client.query(`savepoint before_catalog; set local lock_timeout = '${lockWaitSeconds}s'`);
  try {
    const catalog = await readObjects(client, { onLife, taken: part?.taken });
    if (catalog.length > mostObjects)
      throw new Error(`${catalog.length} are more than a manifest has room for`);
    return { catalog, largeObjects: part?.largeObjects === false ? 0 : await countLargeObjects(client) };
  } catch (error: unknown) {
    signal.throwIfAborted();
    onWarning(
      `its objects could not be recorded, so a verification will compare rows only: ${messageOf(error)}`,
    );
    return undefined;
  } finally {
    // Where the connection broke this is what fails, and the backup with it.
    await client.query('rollback to savepoint before_catalog');
  }
}
