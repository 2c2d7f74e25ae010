import { messageOf } from '../errors.ts';
import { clustersOf, decideOnCluster } from '../inventory/clusters.ts';
import type { ListEntry } from '../inventory/entry.ts';
import { RecordUnreadable, readRecord } from '../inventory/prune-record.ts';
import { retainedOf } from '../inventory/retained.ts';
import { encodeName, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { PruneRecord } from '../manifest/prune-record.ts';
import type { Decision, Line, Policy } from '../retention/shapes.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { heedLocks } from './heed-locks.ts';
import type { GroupReport, PrunedLine } from './report.ts';

/** The backups of one database, of whatever cluster. */
export type DatabaseBackups = {
  readonly source: string;
  readonly database: string;
  readonly entries: readonly ListEntry[];
};

export type DecidedDatabase = DatabaseBackups & {
  readonly groups: readonly GroupReport[];
  readonly record: PruneRecord | undefined;
};

/** By exact names: `app` and `app/x` are two, and so are `app` and `App`. */
export function databasesOf(entries: readonly ListEntry[]): DatabaseBackups[] {
  const found = new Map<string, { source: string; database: string; entries: ListEntry[] }>();
  for (const entry of entries) {
    const { source, database } = entry.id;
    const key = `${encodeName(source)}/${encodeName(database)}`;
    const one = found.get(key) ?? { source, database, entries: [] };
    one.entries.push(entry);
    found.set(key, one);
  }
  return [...found.values()];
}

/** What retention says of each backup of a database, after a look at the locks of those that would go. */
export async function decideOn(
  { source, database, entries }: DatabaseBackups,
  {
    store,
    policy,
    now,
    signal,
  }: {
    readonly store: PrunableStore;
    readonly policy: Policy;
    readonly now: Date;
    readonly signal: AbortSignal;
  },
): Promise<DecidedDatabase> {
  const record = await readRecord(store, { source, database }, { signal }).catch((error: unknown) => {
    if (error instanceof RecordUnreadable) return error;
    throw error;
  });
  const lastPruneAt = record instanceof Error || record === undefined ? undefined : new Date(record.prunedAt);
  const byId = new Map(entries.map((entry) => [formatId(entry.id), entry]));
  const clusters = clustersOf(entries);
  const groups: GroupReport[] = [];
  for (const cluster of clusters) {
    const { systemIdentifier } = cluster;
    const decision = decideOnCluster(cluster, policy, now, lastPruneAt);
    const { lines, refusal } = record instanceof Error ? refused(decision, record) : decision;
    const heeded = await heedLocks(
      store,
      lines.map((line) => withUnreadable(line, byId)),
      now,
      signal,
    );
    groups.push({
      source,
      database,
      systemIdentifier,
      lines: heeded.map((line) => reported(line, byId)),
      refusal,
    });
  }
  return { source, database, entries, groups, record: record instanceof Error ? undefined : record };
}

function refused({ lines, refusal }: Decision, error: RecordUnreadable): Decision {
  const detail = messageOf(error);
  return {
    lines: lines.map((line) =>
      line.action === 'keep' ? line : { ...line, action: 'keep', reasons: [{ kind: 'record-unreadable' }] },
    ),
    refusal: refusal ?? { kind: 'record', detail },
  };
}

/** Only objects of a backup whose manifest was read are ever deleted. */
function withUnreadable(line: Line, byId: ReadonlyMap<string, ListEntry>): Line {
  const summary = byId.get(line.id)?.summary;
  if (line.action === 'keep' || !(summary instanceof Unreadable)) return line;
  return { ...line, action: 'keep', reasons: [{ kind: 'unreadable', detail: summary.unreadable }] };
}

function reported(line: Line, byId: ReadonlyMap<string, ListEntry>): PrunedLine {
  const entry = byId.get(line.id);
  if (entry === undefined) throw new Error(`retention spoke of ${line.id}, which it was not asked about`);
  const { summary } = entry;
  return {
    ...line,
    startedAt: entry.id.startedAt,
    standing: retainedOf(entry).standing,
    bytes: summary instanceof Unreadable ? undefined : summary.archive.bytes,
  };
}
