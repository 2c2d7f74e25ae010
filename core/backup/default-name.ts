import type { DefaultNames } from '../config/source-name.ts';
import { newestSummary } from '../inventory/newest-summary.ts';
import { decodeName, encodeName } from '../manifest/backup-id.ts';
import type { Summary } from '../manifest/summary.ts';
import type { ReadOptions, Store } from '../store/store.ts';

/** What of a server tells whether backups are its own. */
export type KnownServer = {
  /** Undefined where it could not be read. */
  readonly systemIdentifier: string | undefined;
  readonly major: number;
  /** Those that are no templates and allow connections. */
  readonly databases: readonly string[];
};

/**
 * `kept`: its backups lie under the name that older versions gave it. `new`: it has its new name for the first time though
 * there are backups under the former one, which are of another cluster. `settled`: nothing to say.
 */
export type ChosenName = { readonly name: string; readonly how: 'settled' | 'kept' | 'new' };

const readsAtOnce = 16;

/**
 * The name for a server that was given none. Where the store has backups of it under the former default, they go on under
 * that; whose they are the system identifier of the newest of each database says. Those of before say none: then it is the
 * same databases and the same major version, but only until the server has backups under its new name.
 *
 * @param look asks the server, where that is of any use
 * @throws StoreUnusable, and what `look` throws
 */
export async function chooseName(
  store: Store,
  { name, former }: DefaultNames,
  look: () => Promise<KnownServer>,
  now: Date,
  options: ReadOptions = {},
): Promise<ChosenName> {
  if (name === former) return { name, how: 'settled' };
  const stored = await databasesUnder(store, former, options);
  if (stored.length === 0) return { name, how: 'settled' };
  const server = await look();
  const held = await newestOf(store, former, inCommonFirst(stored, server), now, server, options);
  if (held === 'ours') return { name: former, how: 'kept' };
  if ((await databasesUnder(store, name, options)).length > 0) return { name, how: 'settled' };
  if (held.length === 0) return { name, how: 'settled' };
  return isProbablyOf(server, stored, held) ? { name: former, how: 'kept' } : { name, how: 'new' };
}

/** The databases that have a folder of that source, whatever is in it. */
async function databasesUnder(store: Store, source: string, options: ReadOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const folder of store.folders(`${encodeName(source)}/`, options)) {
    try {
      const name = decodeName(folder);
      // Another spelling is nothing that we wrote.
      if (encodeName(name) === folder) found.push(name);
    } catch {
      // Nor is what is no encoding at all.
    }
  }
  return found;
}

function inCommonFirst(stored: readonly string[], { databases }: KnownServer): string[] {
  const common = new Set(databases);
  return [...stored.filter((one) => common.has(one)), ...stored.filter((one) => !common.has(one))];
}

/** The newest backup of each database; no more are read once one says that it is of this very cluster. */
async function newestOf(
  store: Store,
  source: string,
  databases: readonly string[],
  now: Date,
  { systemIdentifier }: KnownServer,
  options: ReadOptions,
): Promise<'ours' | readonly Summary[]> {
  const found: Summary[] = [];
  for (let next = 0; next < databases.length; next += readsAtOnce) {
    const some = await Promise.all(
      databases
        .slice(next, next + readsAtOnce)
        .map((database) => newestSummary(store, { source, database, before: now }, options)),
    );
    const known = some.flatMap(({ summary }) => summary ?? []);
    const isOurs = known.some(
      ({ server }) => systemIdentifier !== undefined && server.systemIdentifier === systemIdentifier,
    );
    if (isOurs) return 'ours';
    found.push(...known);
  }
  return found;
}

/** Whether backups that do not say of which cluster they are, are likely of this one. */
function isProbablyOf(server: KnownServer, stored: readonly string[], held: readonly Summary[]): boolean {
  const isOthers = held.some((one) => one.server.systemIdentifier !== undefined);
  if (server.systemIdentifier !== undefined && isOthers) return false;
  const isOfMajor = held.every((one) => Number.parseInt(one.server.version, 10) === server.major);
  const onServer = new Set(server.databases);
  const inStore = new Set(stored);
  const isSame =
    stored.every((one) => onServer.has(one)) ||
    // Dropped since: the backups of such a database are still there.
    server.databases.every((one) => inStore.has(one) || one === 'postgres');
  return isOfMajor && isSame && stored.some((one) => onServer.has(one));
}
