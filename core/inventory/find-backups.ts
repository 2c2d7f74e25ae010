import { messageOf } from '../errors.ts';
import { type BackupId, decodeName, encodeName, formatId, idInKey } from '../manifest/backup-id.ts';
import { documentNames } from '../manifest/document-names.ts';
import { manifestName } from '../manifest/manifest.ts';
import { frozenPlace } from '../store/frozen.ts';
import { type ReadOptions, type Store, type StoredObject, StoreUnusable } from '../store/store.ts';
import type { ListedBackup, ListedDocument } from './entry.ts';

export type InventoryFilter = {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
};

export type FindOptions = ReadOptions & {
  /** Told of the folder of a source or a database that cannot be looked into. @default the search ends with the error */
  readonly onUnreadable?: ((folder: string, why: string) => void) | undefined;
};

/** Every backup that a listing finds, with what lies there, in the order of their keys: some thousand to a request. */
export async function findBackups(
  store: Store,
  filter: InventoryFilter,
  options: FindOptions,
): Promise<ListedBackup[]> {
  return await listedBelow(store, prefixOf(filter), filter, options);
}

/** One backup as it lies there; undefined where there is none, or none any more. */
export async function listOne(
  store: Store,
  id: BackupId,
  options: ReadOptions,
): Promise<ListedBackup | undefined> {
  const [found] = await listedBelow(store, `${formatId(id)}/`, id, options);
  return found;
}

/**
 * The ids only, without a look at what lies there: some requests, however many objects there are. Under some of them there
 * may be no backup.
 */
export async function* findIds(
  store: Store,
  filter: InventoryFilter,
  options: FindOptions,
): AsyncGenerator<BackupId> {
  for await (const database of databasesOf(store, filter, options)) {
    for await (const startedAt of foldersOf(store, database, options)) {
      // Other people's objects may lie in the bucket: what is no id of ours is not looked at.
      const id = idInKey(`${database}${startedAt}`);
      if (id !== undefined) yield id;
    }
  }
}

/** The prefixes of databases, each with its slash. */
async function* databasesOf(
  store: Store,
  filter: InventoryFilter,
  options: FindOptions,
): AsyncGenerator<string> {
  const { source, database } = filter;
  if (source !== undefined && database !== undefined) return yield prefixOf(filter);
  const wanted = database === undefined ? undefined : encodeName(database);
  const sources = source === undefined ? store.folders('', options) : [encodeName(source)];
  for await (const one of sources) {
    for await (const other of foldersOf(store, `${one}/`, options))
      if (wanted === undefined || other === wanted) yield `${one}/${other}/`;
  }
}

/** The folders in one; none where it cannot be looked into, and that is told. */
async function* foldersOf(store: Store, folder: string, options: FindOptions): AsyncGenerator<string> {
  try {
    yield* store.folders(folder, options);
  } catch (error: unknown) {
    if (!(error instanceof StoreUnusable && error.isOfObject)) throw error;
    passOver(folder, error, options);
  }
}

/** @throws what is against it, where nobody wants to hear of it */
function passOver(folder: string, why: StoreUnusable, { onUnreadable }: FindOptions): void {
  // What never was a name of ours, such as lost+found of a disk, has nothing of ours in it.
  if (!folder.slice(0, -1).split('/').every(isName)) return;
  if (onUnreadable === undefined) throw why;
  onUnreadable(folder.slice(0, -1), messageOf(why));
}

function isName(segment: string): boolean {
  try {
    return encodeName(decodeName(segment)) === segment;
  } catch {
    return false;
  }
}

function prefixOf({ source, database }: InventoryFilter): string {
  if (source === undefined) return '';
  return `${encodeName(source)}/${database === undefined ? '' : `${encodeName(database)}/`}`;
}

async function listedBelow(
  store: Store,
  prefix: string,
  { database }: InventoryFilter,
  options: FindOptions,
): Promise<ListedBackup[]> {
  const found: ListedBackup[] = [];
  let folder = '';
  let documents = new Map<string, ListedDocument>();
  let classes = new Set<string>();
  const add = (one: ListedBackup): void => {
    if (database === undefined || one.id.database === database) found.push(one);
  };
  const end = (): void => {
    const id = documents.has(manifestName) ? idInKey(folder) : undefined;
    const archiveClass = coldestOf(classes);
    if (id !== undefined) add({ id, documents, ...(archiveClass === undefined ? {} : { archiveClass }) });
    documents = new Map();
    classes = new Set();
  };
  const begin = (own: string): void => {
    if (own !== folder) end();
    folder = own;
  };
  const take = ({ key, bytes, tag, modifiedAt, storageClass }: StoredObject): void => {
    const parts = key.split('/');
    const name = parts.pop() ?? '';
    const own = parts.join('/');
    const isBelow = parts.length > 3;
    // What lies in an archive is sorted between the documents.
    begin(isBelow ? parts.slice(0, 3).join('/') : own);
    if (storageClass !== undefined && (isBelow ? parts[3] === 'archive' : name.startsWith('archive.')))
      classes.add(storageClass);
    if (parts.length === 3 && documentNames.has(name)) documents.set(name, { bytes, tag, modifiedAt });
  };
  const onUnreadable = (key: string, why: StoreUnusable): void => {
    const isFolder = key.endsWith('/');
    const own = isFolder ? key.slice(0, -1) : key;
    const id = idInKey(own);
    if (id !== undefined) {
      begin(own);
      add({ id, documents: new Map(), unreadable: messageOf(why) });
      return;
    }
    const depth = own.split('/').length;
    // A file of a backup is told by whoever reads it.
    if (depth > 3) take({ key, bytes: 0, modifiedAt: new Date(0) });
    else if (prefix.startsWith(`${own}/`) && prefix.split('/').length > 3) {
      const asked = idInKey(prefix.slice(0, -1));
      if (asked !== undefined) add({ id: asked, documents: new Map(), unreadable: messageOf(why) });
    } else passOver(`${own}/`, why, options);
  };
  for await (const object of store.list(prefix, {
    signal: options.signal,
    skips: isBelowBackup,
    onSkipped: take,
    onUnreadable,
  }))
    take(object);
  end();
  return found;
}

/** Of an archive in many objects some are kept where they are read at once, as they are small: what must be thawed decides. */
function coldestOf(classes: ReadonlySet<string>): string | undefined {
  const [first] = classes;
  return [...classes].find((one) => frozenPlace(one) !== undefined) ?? first;
}

/** An archive in the directory format has a file per table, and none of them says anything to a list. */
function isBelowBackup(folder: string): boolean {
  return folder.split('/').length > 4;
}
