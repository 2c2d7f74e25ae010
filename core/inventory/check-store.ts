import { idInKey } from '../manifest/backup-id.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../store/store.ts';

/** As many of other people's objects are looked at before it is said that there is nothing of ours. */
const lookedAt = 1_000;

/**
 * Whether a place in which no backup was found can be one that has none yet: it is there, and empty, or holds something of
 * ours. A mistyped path is neither.
 *
 * @throws StoreUnusable
 */
export async function checkStore(store: Store, options: ReadOptions = {}): Promise<void> {
  for await (const _ of store.folders('', options)) break;
  let seen = 0;
  let first: string | undefined;
  for await (const { key } of store.list('', { ...options, onUnreadable: () => {} })) {
    if (isOurs(key)) return;
    first ??= key;
    seen += 1;
    if (seen >= lookedAt) break;
  }
  if (first === undefined) return;
  throw new StoreUnusable({
    what: `There are no backups in ${store.url}, but other things`,
    got: `${JSON.stringify(first)}${seen === 1 ? '' : ' and others'}`,
    expected: 'what pgproof wrote, or nothing yet',
    fix: 'Correct the store URL: a part of the path may be missing, or be one too many.',
  });
}

/** What is left of backups, and what lies beside them. */
function isOurs(key: string): boolean {
  const parts = key.split('/');
  return (
    parts[0] === 'status' ||
    idInKey(parts.slice(0, 3).join('/')) !== undefined ||
    (parts.length === 3 && ['prune.json', 'RECOVERY.md'].includes(parts[2] ?? ''))
  );
}
