import { messageOf, UsageError } from '../errors.ts';
import { checkStore } from '../inventory/check-store.ts';
import { type ClosedFolder, ClosedFolders } from '../inventory/closed-folders.ts';
import { briefOn, type ListEntry, newestFirst } from '../inventory/entry.ts';
import { listBackups } from '../inventory/list-backups.ts';
import { RecordUnreadable, readRecord } from '../inventory/prune-record.ts';
import { encodeName, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { policyOf } from '../retention/policy.ts';
import type { Policy } from '../retention/shapes.ts';
import type { Store } from '../store/store.ts';
import { chooseMissing } from './choose-missing.ts';
import type { CopyLeft } from './request.ts';

/** The backups of the first store, by what a copy has to do with them. */
export type Missing = {
  /** To be copied, the newest first of all databases. */
  readonly missing: readonly ListEntry[];
  /** They lie there, and the first store says of them what is not said there. */
  readonly outdated: readonly ListEntry[];
  /** They lie there, and nothing is new. */
  readonly there: readonly ListEntry[];
  readonly left: readonly CopyLeft[];
  /** Nobody knows whether they are to be copied, and why. */
  readonly unknown: readonly { readonly id: string; readonly why: string }[];
  /** Of the first store: what cannot be looked into, so that nobody knows what there is to copy. */
  readonly closed: readonly ClosedFolder[];
  /** Of the first store, one backup each: it tells the names. */
  readonly databases: readonly ListEntry['id'][];
  /** All that the other store has of the databases of the first one. */
  readonly copies: readonly ListEntry[];
};

export type MissingRequest = {
  readonly from: Store;
  readonly to: Store;
  readonly source?: string | undefined;
  readonly database?: string | undefined;
  readonly policy?: Policy | undefined;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
};

/** Looks at both stores, and writes nothing. @throws StoreUnusable, also where the first one is no place of backups */
export async function findMissing(request: MissingRequest): Promise<Missing> {
  const { from, to, source, database, clock, signal } = request;
  const now = clock();
  const [closed, closedThere] = [new ClosedFolders(), new ClosedFolders()];
  const ours = byDatabase(
    await listBackups(from, { source, database }, { signal, onUnreadable: closed.onUnreadable }),
  );
  // A disk that is not mounted, or a mistyped path, would be copied every night and nothing ever come over.
  if (ours.size === 0 && closed.all.length === 0) await checkStore(from, { signal });
  const theirs = byDatabase(
    await listBackups(to, { source, database }, { signal, onUnreadable: closedThere.onUnreadable }),
  );
  const found = {
    missing: [] as ListEntry[],
    outdated: [] as ListEntry[],
    there: [] as ListEntry[],
    left: [] as CopyLeft[],
    unknown: [] as { id: string; why: string }[],
    closed: closed.all,
    databases: [...ours.values()].flatMap(([first]) => (first === undefined ? [] : [first.id])),
    copies: [] as ListEntry[],
  };
  for (const [name, entries] of ours) {
    const copies = theirs.get(name) ?? [];
    const copyOf = new Map(copies.map((copy) => [formatId(copy.id), copy]));
    const rules = await rulesThere(entries, closedThere, request);
    if ('why' in rules) {
      const absent = entries.map(({ id }) => formatId(id)).filter((id) => !copyOf.has(id));
      found.unknown.push(...absent.map((id) => ({ id, ...rules })));
    } else {
      const { missing, left } = chooseMissing(entries, copies, { ...rules, now });
      found.missing.push(...missing);
      found.left.push(...left);
    }
    found.copies.push(...copies);
    for (const entry of entries) {
      const copy = copyOf.get(formatId(entry.id));
      if (copy !== undefined) (isOutdated(entry, copy, now) ? found.outdated : found.there).push(entry);
    }
  }
  return { ...found, missing: found.missing.sort(newestFirst) };
}

function byDatabase(entries: readonly ListEntry[]): Map<string, ListEntry[]> {
  const found = new Map<string, ListEntry[]>();
  for (const entry of entries) {
    const name = `${encodeName(entry.id.source)}/${encodeName(entry.id.database)}`;
    const own = found.get(name) ?? [];
    own.push(entry);
    found.set(name, own);
  }
  return found;
}

/** What prune keeps of a database in the other store, and what it took away; or why nobody knows. */
async function rulesThere(
  entries: readonly ListEntry[],
  closed: ClosedFolders,
  { to, policy, signal }: MissingRequest,
): Promise<
  { readonly policy: Policy | undefined; readonly removed: ReadonlySet<string> } | { readonly why: string }
> {
  const [first] = entries;
  if (first === undefined) return { policy, removed: new Set() };
  const why = closed.whyOf(first.id);
  if (why !== undefined) return { why };
  try {
    const record = await readRecord(to, first.id, { signal });
    const removed = new Set(record?.removed.map(({ id }) => id));
    return { policy: policy ?? (record && policyOf(record.policy)), removed };
  } catch (error: unknown) {
    // Damaged, or of a version that knows other rules.
    const isKnown = error instanceof RecordUnreadable || error instanceof UsageError;
    if (!isKnown) throw error;
    return policy === undefined ? { why: messageOf(error) } : { policy, removed: new Set() };
  }
}

/** Whether it is worth looking at the documents: what is to be brought, if anything, is decided of those. */
function isOutdated(entry: ListEntry, copy: ListEntry, now: Date): boolean {
  const { summary } = entry;
  if (summary instanceof Unreadable) return false;
  const isOther =
    copy.summary instanceof Unreadable || copy.summary.manifest.sha256 !== summary.manifest.sha256;
  // One that is bad is told each time.
  const isBad = briefOn(copy)?.verdict === 'failed';
  return isOther || isBad || hasNewVerdict(entry, copy) || hasNewHold(entry, copy, now);
}

function hasNewVerdict(entry: ListEntry, copy: ListEntry): boolean {
  const [ours, theirs] = [briefOn(entry), briefOn(copy)];
  return (
    ours !== undefined &&
    (theirs === undefined ||
      ours.startedAt !== theirs.startedAt ||
      ours.finishedAt !== theirs.finishedAt ||
      ours.verdict !== theirs.verdict)
  );
}

function hasNewHold({ hold }: ListEntry, copy: ListEntry, now: Date): boolean {
  if (hold === undefined) return false;
  const ends = ({ hold: one }: Pick<ListEntry, 'hold'>): number =>
    one === undefined
      ? 0
      : one instanceof Unreadable || one.until === undefined
        ? forEver
        : Date.parse(one.until);
  return ends({ hold }) > Math.max(ends(copy), now.getTime());
}

const forEver = Number.POSITIVE_INFINITY;
