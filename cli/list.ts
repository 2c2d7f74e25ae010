import type { Command } from 'commander';
import { most } from '../core/config/options.ts';
import { checkStore } from '../core/inventory/check-store.ts';
import { type ListEntry, newestFirst } from '../core/inventory/entry.ts';
import {
  eachBackup,
  type ListFilter,
  type ListOptions,
  listBackups,
} from '../core/inventory/list-backups.ts';
import { formatId, parseId } from '../core/manifest/backup-id.ts';
import { Unreadable } from '../core/manifest/document.ts';
import { classesOf } from '../core/prune/classes.ts';
import { reasonWord } from '../core/prune/words.ts';
import type { Line } from '../core/retention/shapes.ts';
import type { Store } from '../core/store/store.ts';
import { plural } from '../core/text/units.ts';
import { interruptible, nothingChanged } from './interrupt.ts';
import { type KeepFlags, policyFrom, withKeepFlags } from './keep-flags.ts';
import {
  collectVerdicts,
  nothingFound,
  type VerdictWord,
  verdictWordOf,
  verdictWords,
} from './list-filter.ts';
import { nameOf, type StoreFlags, storeCommand, storeFrom, wholeNumber, withAsOf } from './options.ts';
import { tell } from './output/edge.ts';
import { listJson } from './output/entry-json.ts';
import {
  type Kept,
  type KeptOf,
  type ListRow,
  leftOut,
  listRow,
  listTable,
  withClusters,
} from './output/list-table.ts';
import { printJsonList, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { machineCache } from './programs.ts';
import { pastTime } from './time.ts';

type ListFlags = StoreFlags &
  KeepFlags & {
    readonly name?: string;
    readonly database?: string;
    readonly since?: Date;
    readonly verdict?: readonly VerdictWord[];
    readonly held?: true;
    readonly limit?: number;
    readonly before?: string;
    readonly json?: true;
  };

export function listCommand(): Command {
  const command = withAsOf(storeCommand('list'))
    .description('every backup of a store, the newest first, with what was proven of it')
    .option('--name <name>', 'only of this source', nameOf)
    .option('--database <name>', 'only of this database', nameOf)
    .option('--since <time>', 'only those begun since: 2026-11-20, 2026-11-20T02:00:00Z, 30d', (text) =>
      pastTime(text),
    )
    .option(
      '--verdict <verdict>',
      `only with this verdict (${verdictWords.join(', ')}); may be repeated`,
      collectVerdicts,
    )
    .option('--held', 'only those that are held')
    .option('--limit <n>', 'only the newest n', wholeNumber(1, most.listed))
    .option('--before <id>', 'only those older than this backup: the next page');
  return withKeepFlags(command).action(run);
}

async function run(flags: ListFlags): Promise<void> {
  const filter = filterFrom(flags);
  const store = await storeFrom(flags);
  const cache = await machineCache(store.url);
  await interruptible(nothingChanged, async (signal) => {
    const closed: string[] = [];
    const onUnreadable = (folder: string, why: string): void =>
      void closed.push(`${folder} cannot be looked into, so what is in it is not listed: ${why}`);
    const { entries, keptOf } = await entriesOf(store, flags, { filter, cache, signal, onUnreadable });
    const page = pageOf(entries, flags.limit, () => checkStore(store, { signal }));
    if (flags.json) await printJsonList(mapped(page.entries, (entry) => listJson(entry, keptOf?.(entry))));
    else await printTable(page.entries, keptOf);
    const { last, hasMore } = page.end();
    tell(process.stderr, closed);
    if (last === undefined && !flags.json && closed.length === 0)
      tell(process.stderr, [nothingFound(store.url, flags)]);
    if (last !== undefined && hasMore) tell(process.stderr, [`There are older ones: --before ${last}`]);
  });
  await cache.save();
}

/**
 * The backups that are asked for and, where all are read anyway or rules were given, by which rule each is kept: that is
 * told by all others of its database. A list of some of them only stays a matter of a few requests.
 */
async function entriesOf(
  store: Store,
  { limit, since, before, ...flags }: ListFlags,
  { filter, ...options }: ListOptions & { readonly filter: ListFilter; readonly signal: AbortSignal },
): Promise<{ readonly entries: AsyncIterable<ListEntry>; readonly keptOf?: KeptOf }> {
  const policy = policyFrom(flags);
  const areAll = limit === undefined && since === undefined && before === undefined;
  if (policy === undefined && !areAll) return { entries: eachBackup(store, filter, options) };
  const { source, database } = filter;
  const all = await listBackups(store, { source, database }, options);
  const classes = await classesOf(all, { store, policy, now: new Date(), signal: options.signal });
  return { entries: matching(all, filter), keptOf: (entry) => keptBy(classes.get(formatId(entry.id))) };
}

function keptBy(line: Line | undefined): Kept | undefined {
  if (line === undefined) return undefined;
  const words = line.reasons.flatMap((reason) => reasonWord(reason) ?? []);
  return { by: [...new Set(words)].join(', '), until: line.until };
}

/** @throws UsageError */
function filterFrom({ name, database, since, verdict, held, limit, before }: ListFlags): ListFilter {
  const matches = (entry: ListEntry): boolean =>
    (verdict === undefined || verdict.includes(verdictWordOf(entry))) &&
    (held === undefined || entry.hold !== undefined);
  return {
    source: name,
    database,
    since,
    before: before === undefined ? undefined : parseId(before),
    ...(verdict === undefined && held === undefined ? {} : { matches }),
    // One more than is shown: whether there is a next page.
    ...(limit === undefined ? {} : { limit: limit + 1 }),
  };
}

/** Of backups that were all read, those that are asked for. */
async function* matching(
  all: readonly ListEntry[],
  { since, before, matches = () => true }: ListFilter,
): AsyncGenerator<ListEntry> {
  for (const entry of all) {
    if (since !== undefined && entry.id.startedAt < since) return;
    const isBehind = before === undefined || newestFirst({ id: before }, entry) < 0;
    if (isBehind && matches(entry)) yield entry;
  }
}

type Page = {
  readonly entries: AsyncIterable<ListEntry>;
  /** Once all were taken. */
  readonly end: () => { readonly last: string | undefined; readonly hasMore: boolean };
};

/** @param ifNone asked before the end where there is not one */
function pageOf(
  all: AsyncIterable<ListEntry>,
  limit: number = Number.POSITIVE_INFINITY,
  ifNone: () => Promise<void>,
): Page {
  let last: string | undefined;
  let hasMore = false;
  async function* entries(): AsyncGenerator<ListEntry> {
    let told = 0;
    for await (const entry of all) {
      hasMore = told === limit;
      if (hasMore) return;
      told += 1;
      last = formatId(entry.id);
      yield entry;
    }
    if (told === 0) await ifNone();
  }
  return { entries: entries(), end: () => ({ last, hasMore }) };
}

/** Lines are written so many at a time: together they may be larger than what a pipe takes. */
const linesAtOnce = 500;

/** Of each backup its row only is kept: a store may hold more than there is memory for. */
async function printTable(entries: AsyncIterable<ListEntry>, keptOf: KeptOf | undefined): Promise<void> {
  const read: ListRow[] = [];
  const unreadable: string[] = [];
  const now = new Date();
  for await (const entry of entries) {
    read.push(listRow(entry, now, keptOf));
    const { id, summary } = entry;
    if (summary instanceof Unreadable)
      unreadable.push(`${formatId(id)} is unreadable: ${summary.unreadable}`);
  }
  if (read.length === 0) return;
  const rows = withClusters(read);
  // Some terminals that programs open say that they have no size at all.
  const width = process.stdout.columns || undefined;
  let lines: string[] = [];
  for (const line of listTable(rows, styleFor(process.stdout), width)) {
    lines.push(line);
    if (lines.length < linesAtOnce) continue;
    printLines(lines);
    lines = [];
  }
  printLines(lines);
  const missing = width === undefined ? [] : leftOut(rows, width);
  if (missing.length > 0)
    tell(process.stderr, [
      `Left out, for the terminal is too narrow: ${missing.join(', ')}. --json has everything.`,
    ]);
  if (rows.length > (process.stdout.rows ?? rows.length))
    tell(process.stderr, [`${plural(rows.length, 'backup')}. --limit 20 shows the newest.`]);
  tell(process.stderr, unreadable);
}

async function* mapped<T, U>(all: AsyncIterable<T>, map: (one: T) => U): AsyncGenerator<U> {
  for await (const one of all) yield map(one);
}
