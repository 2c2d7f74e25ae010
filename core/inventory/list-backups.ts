import { setMaxListeners } from 'node:events';
import { PgproofError } from '../errors.ts';
import { type BackupId, encodeName, formatId, idInKey, parseIdOrLatest } from '../manifest/backup-id.ts';
import { documentLimits } from '../manifest/document.ts';
import { manifestName, verificationName } from '../manifest/manifest.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { type InventoryEntry, type ListedBackup, readEntry } from './read-entry.ts';

export type InventoryFilter = {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
};

/** No manifest lies under that id, so there is no such backup. */
export class BackupNotFound extends PgproofError {
  override readonly name = 'BackupNotFound';
}

const readsAtOnce = 16;

/** Every backup that matches, oldest first within each database. All are in memory: see {@link eachBackup}. */
export async function listBackups(
  store: Store,
  filter: InventoryFilter,
  options: ReadOptions = {},
): Promise<InventoryEntry[]> {
  const entries: InventoryEntry[] = [];
  for await (const entry of eachBackup(store, filter, options)) entries.push(entry);
  return entries;
}

/**
 * Every backup that matches, one after the other: oldest first within each database, or the other way round. Several are
 * read in advance, but no more than one document of the largest size would take: a store may be full of those.
 */
export async function* eachBackup(
  store: Store,
  filter: InventoryFilter,
  { newestFirst = false, signal }: ReadOptions & { readonly newestFirst?: boolean } = {},
): AsyncGenerator<InventoryEntry> {
  const found = await findKeys(store, filter, { signal });
  // Who has seen enough leaves reads behind that nobody waits for.
  const enough = new AbortController();
  const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  setMaxListeners(0, either);
  try {
    yield* readAhead(newestFirst ? found.reverse() : found, (listed) =>
      readEntry(store, listed, { signal: either }),
    );
  } finally {
    enough.abort();
  }
}

async function* readAhead(
  found: readonly ListedBackup[],
  read: (listed: ListedBackup) => Promise<InventoryEntry | undefined>,
): AsyncGenerator<InventoryEntry> {
  const reading: { readonly bytes: number; readonly entry: Promise<InventoryEntry | undefined> }[] = [];
  let held = 0;
  for (let next = 0; next < found.length || reading.length > 0; ) {
    const listed = found[next];
    const bytes = listed === undefined ? 0 : bytesOf(listed);
    const hasRoom = reading.length < readsAtOnce && held + bytes <= documentLimits.bytes;
    if (listed !== undefined && (hasRoom || reading.length === 0)) {
      const entry = read(listed);
      // Whoever takes it hears of its error; before that it is nobody's, which would end the process.
      entry.catch(() => undefined);
      reading.push({ bytes, entry });
      held += bytes;
      next += 1;
    } else {
      const first = reading.shift();
      const entry = await first?.entry;
      held -= first?.bytes ?? 0;
      if (entry !== undefined) yield entry;
    }
  }
}

/** What reading it will hold at most; what is beyond the limit is not read. */
function bytesOf({ manifestBytes, verificationBytes = 0 }: ListedBackup): number {
  return [manifestBytes, verificationBytes]
    .filter((bytes) => bytes <= documentLimits.bytes)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** The backup that `text` names; for `…/latest` the newest one. @throws BackupNotFound, UsageError */
export async function findBackup(store: Store, text: string, options: ReadOptions = {}): Promise<BackupId> {
  return (await findListed(store, text, options)).id;
}

/** One backup with its verification. @throws BackupNotFound, UsageError */
export async function readBackup(
  store: Store,
  text: string,
  options: ReadOptions = {},
): Promise<InventoryEntry> {
  const listed = await findListed(store, text, options);
  const entry = await readEntry(store, listed, options);
  if (entry === undefined) throw notFound(store, formatId(listed.id), 'it went away meanwhile');
  return entry;
}

async function findListed(store: Store, text: string, options: ReadOptions): Promise<ListedBackup> {
  const asked = parseIdOrLatest(text);
  const found = await findKeys(store, asked, options);
  const match =
    'startedAt' in asked ? found.find(({ id }) => formatId(id) === formatId(asked)) : found.at(-1);
  if (match !== undefined) return match;
  const others =
    found.length === 0 ? 'no backup of that database' : `${found.length} others of that database`;
  throw notFound(store, text, others);
}

function notFound({ url }: Store, text: string, got: string): BackupNotFound {
  return new BackupNotFound({
    what: `There is no backup ${text} in ${url}`,
    got,
    fix: `See what there is: pgproof list --store ${url}`,
  });
}

async function findKeys(
  store: Store,
  { source, database }: InventoryFilter,
  options: ReadOptions,
): Promise<ListedBackup[]> {
  const prefix =
    source === undefined
      ? ''
      : `${encodeName(source)}/${database === undefined ? '' : `${encodeName(database)}/`}`;
  const found: Omit<ListedBackup, 'verificationBytes'>[] = [];
  const verified = new Map<string, number>();
  for await (const { key, bytes } of store.list(prefix, options)) {
    const parts = key.split('/');
    const name = parts.pop();
    // An archive in the directory format may hold files of any name one level below.
    if (parts.length !== 3 || (name !== manifestName && name !== verificationName)) continue;
    // Other people's objects may lie in the bucket: what is no id of ours is not looked at.
    const id = idInKey(parts.join('/'));
    if (id === undefined || (database !== undefined && id.database !== database)) continue;
    if (name === manifestName) found.push({ id, manifestBytes: bytes });
    else verified.set(formatId(id), bytes);
  }
  return found.map((one) => ({ ...one, verificationBytes: verified.get(formatId(one.id)) }));
}
