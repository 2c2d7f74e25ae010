import { type BackupId, encodeName, formatId, idInKey } from '../manifest/backup-id.ts';
import { documentNames } from '../manifest/document-names.ts';
import { manifestName } from '../manifest/manifest.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import type { ListedBackup, ListedDocument } from './entry.ts';

export type InventoryFilter = {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
};

/** Every backup that a listing finds, with what lies there, in the order of their keys: some thousand to a request. */
export async function findBackups(
  store: Store,
  filter: InventoryFilter,
  options: ReadOptions,
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
  options: ReadOptions,
): AsyncGenerator<BackupId> {
  for await (const database of databasesOf(store, filter, options)) {
    for await (const startedAt of store.folders(database, options)) {
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
  options: ReadOptions,
): AsyncGenerator<string> {
  const { source, database } = filter;
  if (source !== undefined && database !== undefined) return yield prefixOf(filter);
  const wanted = database === undefined ? undefined : encodeName(database);
  const sources = source === undefined ? store.folders('', options) : [encodeName(source)];
  for await (const one of sources) {
    for await (const other of store.folders(`${one}/`, options))
      if (wanted === undefined || other === wanted) yield `${one}/${other}/`;
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
  options: ReadOptions,
): Promise<ListedBackup[]> {
  const found: ListedBackup[] = [];
  let folder = '';
  let documents = new Map<string, ListedDocument>();
  let archiveClass: string | undefined;
  const end = (): void => {
    const id = documents.has(manifestName) ? idInKey(folder) : undefined;
    if (id !== undefined && (database === undefined || id.database === database))
      found.push({ id, documents, ...(archiveClass === undefined ? {} : { archiveClass }) });
    documents = new Map();
    archiveClass = undefined;
  };
  for await (const { key, bytes, tag, modifiedAt, storageClass } of store.list(prefix, {
    ...options,
    skips: isBelowBackup,
  })) {
    const parts = key.split('/');
    const name = parts.pop() ?? '';
    const own = parts.join('/');
    // What lies in an archive is sorted between the documents.
    if (parts.length > 3 && own.startsWith(`${folder}/`)) continue;
    if (own !== folder) end();
    folder = own;
    if (parts.length === 3 && documentNames.has(name)) documents.set(name, { bytes, tag, modifiedAt });
    if (parts.length === 3 && name.startsWith('archive.')) archiveClass = storageClass;
  }
  end();
  return found;
}

/** An archive in the directory format has a file per table, and none of them says anything to a list. */
function isBelowBackup(folder: string): boolean {
  return folder.split('/').length > 4;
}
