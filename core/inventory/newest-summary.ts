import { encodeName, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { Summary } from '../manifest/summary.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { type ListedBackup, newestFirst } from './entry.ts';
import { findIds, listOne } from './find-backups.ts';
import { readSummary } from './read-listed.ts';

export type NewestSummary = {
  /** Undefined where there is none, or none that could be read. */
  readonly summary: Summary | undefined;
  /** Backups that lie there and could not be read, a sentence each. */
  readonly problems: readonly string[];
};

/** What killed runs left is looked at too: more of it in a row than this, and there is no saying what was before. */
const mostLooks = 30;
/** Its reader has a dump beside it, and a function's memory. */
const mostManifestBytes = 16 * 1024 * 1024;

/**
 * What is known of the newest backup of a database whose manifest can be read, in few requests however many there are: a
 * page of names per thousand, and two documents. Verdicts are not asked for. Partial ones are passed by: nothing is
 * compared with them.
 *
 * @param before only what was started earlier; a backup of the future, by a clock that was wrong, is none yet
 * @throws StoreUnusable, and the signal's reason
 */
export async function newestSummary(
  store: Store,
  { source, database, before }: { source: string; database: string; before: Date },
  options: ReadOptions = {},
): Promise<NewestSummary> {
  const ids: Pick<ListedBackup, 'id'>[] = [];
  for await (const id of findIds(store, { source, database }, options))
    if (id.startedAt < before) ids.push({ id });
  const newest = ids.sort(newestFirst);
  const problems: string[] = [];
  for (const { id } of newest.slice(0, mostLooks)) {
    const listed = await listOne(store, id, options);
    const found = listed && (await readSummary(store, listed, { ...options, mostManifestBytes }));
    if (found instanceof Unreadable)
      problems.push(`${formatId(id)}: ${oneLine(found.unreadable, { limit: 300 })}`);
    else if (found !== undefined && found.partial !== true) return { summary: found, problems };
  }
  if (newest.length > mostLooks)
    problems.push(
      `none of the ${mostLooks} newest of ${newest.length} under ${encodeName(source)}/${encodeName(database)}/ is a backup`,
    );
  return { summary: undefined, problems };
}
