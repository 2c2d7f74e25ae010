import { formatId, keyOf } from '../manifest/backup-id.ts';
import { ManifestUnreadable, Unreadable } from '../manifest/document.ts';
import { type Hold, holdName, parseHold, parseRelease, type Release, releaseName } from '../manifest/hold.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { cut } from '../text/cut.ts';
import type { ListEntry, ListedBackup } from './entry.ts';
import { readBytes, readOr } from './read-document.ts';

/** A sentence of a person's fits many times; more is not read. */
const mostBytes = 64 * 1024;
const keptCharacters = 1_000;

/** What people said about a backup. A document about another backup is one that cannot be read. */
export async function readHolds(
  store: Store,
  listed: ListedBackup,
  options: ReadOptions,
): Promise<Pick<ListEntry, 'hold' | 'release'>> {
  const [hold, release] = await Promise.all([
    readOne(store, listed, holdName, parseHold, options),
    readOne(store, listed, releaseName, parseRelease, options),
  ]);
  return {
    hold: hold === undefined || hold instanceof Unreadable ? hold : leanHold(hold),
    release: release === undefined || release instanceof Unreadable ? release : leanRelease(release),
  };
}

async function readOne<T extends { readonly id: string }>(
  store: Store,
  { id, documents }: ListedBackup,
  name: string,
  parse: (bytes: Uint8Array, where: string) => T,
  options: ReadOptions,
): Promise<T | Unreadable | undefined> {
  const listed = documents.get(name);
  if (listed === undefined) return undefined;
  const key = keyOf(id, name);
  const bytes = await readBytes(store, key, listed.bytes, { ...options, mostBytes });
  if (bytes === undefined || bytes instanceof Unreadable) return bytes;
  return readOr(() => {
    const document = parse(bytes, key);
    if (document.id === formatId(id)) return document;
    throw new ManifestUnreadable({
      what: `${key} is of another backup`,
      got: cut(document.id, keptCharacters),
      expected: formatId(id),
      fix: 'Hold or release the backup that is meant, then delete this object.',
    });
  });
}

function leanHold({ formatVersion, id, reason, by, heldAt, until }: Hold): Hold {
  const lean = {
    formatVersion,
    id,
    reason: cut(reason, keptCharacters),
    by: cut(by, keptCharacters),
    heldAt,
  };
  return until === undefined ? lean : { ...lean, until };
}

function leanRelease({ formatVersion, id, by, releasedAt, reason }: Release): Release {
  const lean = { formatVersion, id, by: cut(by, keptCharacters), releasedAt };
  return reason === undefined ? lean : { ...lean, reason: cut(reason, keptCharacters) };
}
