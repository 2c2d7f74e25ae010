import type { Client } from 'pg';
import { messageOf, PgproofError } from '../../errors.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { withoutSecrets } from '../../process/redact.ts';
import { plural } from '../../text/units.ts';
import type { RunEvent, RunListener } from '../run-events.ts';
import { LogTableUnusable, prepareTable, type ReadyTable } from './prepare-table.ts';
import { type LogRow, rowAfter, rowOfWhole } from './row.ts';
import { logSession, runLock } from './session.ts';
import type { LogPlace } from './table.ts';
import { alike, type ForeignEvent, markAbandoned, writeForeign, writeRow } from './write.ts';

export type BackupLogOptions = LogPlace & {
  /** The database with the table. Asked anew for every connection. */
  readonly resolve: () => ConnectionParameters | Promise<ConnectionParameters>;
  /** A line for people, once for each kind of trouble; without secrets. */
  readonly onWarning: (text: string) => void;
  /** Told at the end of how much is not in the table. */
  readonly onUnwritten?: ((count: number) => void) | undefined;
  /**
   * Where runs hold no lock, because another process writes what they do: from what age on a row that is still `running` is
   * a killed run's.
   */
  readonly abandonedAfterSeconds?: number | undefined;
  /** What one attempt to write may take, and for how long a database that failed is left alone. */
  readonly limits?: { readonly attemptSeconds: number; readonly pauseSeconds: number } | undefined;
};

const rightsAdvice = 'What the role in backupLog.url needs: docs/log-table.md, Rights.';

const defaultLimits = { attemptSeconds: 6, pauseSeconds: 60 } as const;

/**
 * Keeps a row per database and run in a table that monitoring asks. What could not be written is written with the next event
 * or at the end of the run: rows are kept here until they are. It decides nothing, and never fails a run.
 */
export function backupLog(options: BackupLogOptions): RunListener {
  const { onWarning, limits = defaultLimits } = options;
  const place: LogPlace = { schema: options.schema, table: options.table };
  const rows = new Map<string, LogRow>();
  const unwritten = new Set<string>();
  let foreign: readonly ForeignEvent[] = [];
  const runs = new Set<string>();
  const swept = new Set<string>();
  const warned = new Set<string>();
  let ready: ReadyTable | undefined;
  let isUnusable = false;
  let pausedUntil = 0;
  let last: RunEvent | undefined;

  const warn = (text: string): void => {
    const line = withoutSecrets(text);
    if (warned.has(line)) return;
    warned.add(line);
    onWarning(line);
  };

  const session = logSession({
    resolve: options.resolve,
    limitSeconds: limits.attemptSeconds,
    begin: async (client) => {
      for (const run of runs) await lockRun(client, place, run);
      ready = await prepareTable(client, place);
      if (ready.remark !== undefined) warn(ready.remark);
    },
  });

  const note = (event: RunEvent): void => {
    if (event.kind === 'run-finished') {
      const ofRun = [...rows.values()].filter(
        ({ run, source }) => run === event.run && source === event.source,
      );
      const row = rowOfWhole(event, ofRun);
      if (row === undefined) return;
      const key = JSON.stringify([event.run, event.source, row.database_name]);
      rows.set(key, row);
      unwritten.add(key);
    }
    if (!('database' in event)) return;
    const key = JSON.stringify([event.run, event.source, event.database]);
    const before = rows.get(key);
    const after = rowAfter(before, event);
    if (after !== undefined && after !== before) {
      rows.set(key, after);
      unwritten.add(key);
    } else if (event.kind === 'verified' || event.kind === 'copied' || event.kind === 'pruned')
      foreign = [...foreign, event];
  };

  const write = async (client: Client, { run, source }: RunEvent): Promise<void> => {
    if (ready === undefined) throw new Error('a connection is ready before it is used');
    const { columns } = ready;
    const isNewRun = !runs.has(run);
    runs.add(run);
    if (isNewRun) await lockRun(client, place, run);
    for (const key of unwritten) {
      const row = rows.get(key);
      if (row !== undefined) await orWarn(writeRow(client, place, columns, row));
      unwritten.delete(key);
    }
    while (foreign.length > 0) {
      const count = alike(foreign);
      await orWarn(writeForeign(client, place, columns, foreign.slice(0, count)));
      foreign = foreign.slice(count);
    }
    const sourceOfRun = JSON.stringify([run, source]);
    if (swept.has(sourceOfRun)) return;
    await orWarn(markAbandoned(client, place, { source, run }, options.abandonedAfterSeconds));
    swept.add(sourceOfRun);
  };

  /** A value that this server does not take says nothing of the next row; a connection that broke does. */
  const orWarn = async (writing: Promise<void>): Promise<void> => {
    try {
      await writing;
    } catch (error: unknown) {
      if (!isAboutValue(error)) throw error;
      warn(`backup_log: a row could not be written: ${messageOf(error)}`);
    }
  };

  const flush = async (event: RunEvent, isLast: boolean): Promise<void> => {
    if (isUnusable || (!isLast && performance.now() < pausedUntil)) return;
    try {
      await session.use((client) => write(client, event));
      pausedUntil = 0;
    } catch (error: unknown) {
      isUnusable = error instanceof LogTableUnusable;
      pausedUntil = performance.now() + limits.pauseSeconds * 1_000;
      // What the server says in its own words comes without advice.
      const advice = error instanceof PgproofError ? '' : `. ${rightsAdvice}`;
      warn(`backup_log could not be written: ${messageOf(error)}${advice}`);
    }
  };

  // One after the other: databases are backed up at the same time, and there is one connection.
  let queue: Promise<void> = Promise.resolve();
  return {
    on: (event) => {
      queue = queue.then(async () => {
        note(event);
        // A prune tells of thousands; they go out together with the end of the run.
        last = event;
        if (event.kind !== 'pruned') await flush(event, event.kind === 'run-finished');
      });
      return queue;
    },
    close: async () => {
      await queue;
      if (last !== undefined && unwritten.size + foreign.length > 0) await flush(last, true);
      const left = unwritten.size + foreign.length;
      if (left > 0) {
        warn(`backup_log: of this run ${plural(left, 'entry', 'entries')} did not come into the table`);
        options.onUnwritten?.(left);
      }
      await session.close();
    },
  };
}

async function lockRun(client: Client, place: LogPlace, run: string): Promise<void> {
  // Never waits: should another hold it, which only a broken pooler makes happen, the row is none the worse.
  await client.query(`select pg_catalog.pg_try_advisory_lock(${runLock(place, run)})`);
}

/** Classes 22 and 23 of SQLSTATE: the data, or a constraint. */
function isAboutValue(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^2[23]/.test(code) && code.length === 5;
}
