import type { Command } from 'commander';
import { PgproofError } from '../core/errors.ts';
import { readBackup } from '../core/inventory/read-backup.ts';
import { type InventoryEntry, verdictOn } from '../core/inventory/read-entry.ts';
import type { StoredState } from '../core/inventory/stored-state.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { Unreadable } from '../core/manifest/document.ts';
import type { Hold, Release } from '../core/manifest/hold.ts';
import type { Manifest } from '../core/manifest/manifest.ts';
import { remarksOf } from '../core/manifest/remarks.ts';
import { archiveBytes, totalRows } from '../core/manifest/sizes.ts';
import { lastTimings } from '../core/manifest/timings.ts';
import { isGood, reachedBy, type Verification } from '../core/manifest/verification.ts';
import { thawTimesText } from '../core/store/frozen.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../core/store/store.ts';
import { formatBytes, formatCount, formatDuration } from '../core/text/units.ts';
import { interruptible, nothingChanged } from './interrupt.ts';
import {
  type LatestFlags,
  latestFrom,
  type StoreFlags,
  storeCommand,
  storeFrom,
  withAsOf,
  withLatestFlags,
} from './options.ts';
import { tell } from './output/edge.ts';
import { entryJson } from './output/entry-json.ts';
import { measuredLine } from './output/measured.ts';
import { partialFacts } from './output/partial.ts';
import { choiceLines, passedOverJson } from './output/passed-over.ts';
import { printJson, printLines } from './output/result.ts';
import { type Room, type Style, styleFor, table } from './output/style.ts';
import {
  checkLines,
  heldText,
  historyTable,
  notComparedLine,
  verdictText,
  withoutLines,
} from './output/verdicts.ts';

export function showCommand(): Command {
  return withLatestFlags(withAsOf(storeCommand('show')))
    .description('one backup: what it holds and what was proven of it')
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest')
    .action(run);
}

async function run(text: string, flags: StoreFlags & LatestFlags & { readonly json?: true }): Promise<void> {
  const store = await storeFrom(flags);
  const { entry, stored } = await interruptible(nothingChanged, async (signal) => {
    const entry = await readBackup(store, text, { ...latestFrom(flags), signal });
    return { entry, stored: await storedOf(store, entry, { signal }) };
  });
  const { id, manifest } = entry;
  const of = { text, id: formatId(id), storeUrl: store.url, ...flags };
  tell(process.stderr, choiceLines(entry, of, styleFor(process.stderr)));
  if (manifest instanceof Unreadable) {
    throw new PgproofError({
      what: `The manifest of ${formatId(id)} cannot be read`,
      got: manifest.unreadable,
      fix: 'Do not count on this backup.',
    });
  }
  if (flags.json) printJson({ ...entryJson(entry, stored), ...passedOverJson(entry.passedOver) });
  else printLines(describe(store.url, manifest, { ...entry, stored }, styleFor(process.stdout)));
}

/** Undefined where it cannot be told: a directory has no classes, and without the right to list nobody knows. */
async function storedOf(
  store: Store,
  { id, manifest }: InventoryEntry,
  options: ReadOptions,
): Promise<StoredState | undefined> {
  if (manifest instanceof Unreadable || !store.url.startsWith('s3:')) return undefined;
  const { storedState } = await import('../core/inventory/stored-state.ts');
  return await storedState(store, id, manifest, options).catch((error: unknown) => {
    if (error instanceof StoreUnusable) return undefined;
    throw error;
  });
}

const tablesShown = 20;

function describe(
  storeUrl: string,
  manifest: Manifest,
  entry: InventoryEntry & { readonly stored: StoredState | undefined },
  style: Style,
): string[] {
  const { stored, id, verification, notCounted, hold, release } = entry;
  const judged = verdictOn(entry);
  const measured = judged && lastTimings(judged);
  const { server, dump, objects, tables, extensions, databaseBytes } = manifest;
  const seconds = (Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)) / 1_000;
  const counted = totalRows(manifest);
  const facts = [
    ['Backup', formatId(id)],
    [
      'Database',
      `${manifest.database} of ${manifest.source}, ${formatBytes(databaseBytes)}, ${server.encoding}`,
    ],
    ['Server', `PostgreSQL ${server.version}${server.inRecovery ? ', a standby' : ''}`],
    ['Taken', `${manifest.startedAt}, ${formatDuration(seconds)}`],
    [
      'Archive',
      `${dump.format}, ${dump.compression}, ${formatBytes(archiveBytes(manifest))}, pg_dump ${dump.pgDump}`,
    ],
    ...(stored === undefined ? [] : [['Stored', storedText(stored)]]),
    [
      'Roles',
      manifest.globals.rolePasswords
        ? 'with password hashes'
        : `without passwords (${manifest.globals.rolePasswordsLeftOut === 'asked' ? 'as it was asked for' : 'the server did not let them be read'})`,
    ],
    ...partialFacts(manifest),
    ['Extensions', extensions.map(({ name, version }) => `${name} ${version}`).join(', ') || 'none'],
    [
      'Rows',
      counted === undefined
        ? 'not counted'
        : `${formatCount(counted)} in ${formatCount(tables.length)} ${tables.length === 1 ? 'table' : 'tables'}`,
    ],
    ['Verdict', `${verdictText(verification, style)}${judged === undefined ? '' : heldText(judged)}`],
    ...(judged === undefined ? [] : [['Reached', reachedText(judged)]]),
    ...(measured === undefined ? [] : [['Recovery', measuredLine(measured)]]),
    ...(hold === undefined ? [] : [['Held', holdText(hold)]]),
    ...(release === undefined ? [] : [['Released', releaseText(release)]]),
    ...(notCounted === undefined
      ? []
      : [['', `The verification that lies there counts as none: ${notCounted}`]]),
  ];
  const factLines = facts.map(
    ([label, value]) => `${style.bold((label === '' ? '' : `${label}:`).padEnd(12))}${value}`,
  );
  const verdictLines =
    judged === undefined
      ? []
      : [...checkLines(judged, style), ...withoutLines(judged), ...notComparedLine(judged, style)];
  const history =
    judged?.history === undefined ? [] : ['', ...historyTable(judged.history, process.stdout.columns)];
  const kept =
    judged?.keptBeside === undefined
      ? []
      : [style.dim(`Older verifications that count for nothing: ${judged.keptBeside.join(', ')}`)];
  const remarks = remarksOf(manifest).map((remark) => `  ${style.yellow('!')} ${remark}`);
  return [
    ...factLines,
    ...verdictLines,
    ...history,
    ...kept,
    ...(remarks.length === 0 ? [] : [style.bold('To know:'), ...remarks]),
    '',
    ...tableLines(tables, style),
    '',
    ...objectLines(objects, style),
    '',
    `Objects lie in ${storeUrl}/${formatId(id)}/`,
  ];
}

function tableLines(tables: Manifest['tables'], style: Style): string[] {
  const largest = [...tables].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0)).slice(0, tablesShown);
  const rows = largest.map(({ schema, name, rows }) => [
    `${schema}.${name}`,
    rows === null ? '' : formatCount(rows),
  ]);
  return [...table(['TABLE', 'ROWS'], rows, [1], room()), ...moreLine(tables.length, style)];
}

function objectLines(objects: Manifest['objects'], style: Style): string[] {
  const files = objects
    .slice(0, tablesShown)
    .map(({ name, bytes, sha256 }) => [name, formatBytes(bytes), sha256]);
  return [...table(['OBJECT', 'SIZE', 'SHA-256'], files, [1], room()), ...moreLine(objects.length, style)];
}

function room(): Room {
  return { width: process.stdout.columns };
}

function moreLine(count: number, style: Style): string[] {
  const more = count - tablesShown;
  return more > 0 ? [style.dim(`and ${formatCount(more)} more: --json shows all`)] : [];
}

function reachedText(verification: Verification): string {
  const reached = reachedBy(verification) ?? 'no level';
  const good = isGood(verification) ? 'counts as good' : 'does not count as good';
  return `${reached}, ${good}`;
}

function storedText({ classes, places, state, until }: StoredState): string {
  const names = classes.join(', ');
  const times = places.map((place) => `${place}: ${thawTimesText(place)}`).join('; ');
  switch (state) {
    case 'frozen':
      return `${names}; must be thawed to be read (--thaw of verify and restore; ${times})`;
    case 'thawing':
      return `${names}; is being thawed (${times}, from when it was asked for)`;
    case 'unknown':
      return `${names}; whether it was thawed may not be asked`;
    case 'readable':
      return until === undefined ? names : `${names}, thawed until ${until}`;
  }
}

function holdText(hold: Hold | Unreadable): string {
  if (hold instanceof Unreadable) return `by what cannot be read: ${hold.unreadable}`;
  const { reason, by, heldAt, until } = hold;
  return `${reason} (${by}, ${heldAt}${until === undefined ? '' : `, until ${until}`})`;
}

function releaseText(release: Release | Unreadable): string {
  if (release instanceof Unreadable) return `by what cannot be read: ${release.unreadable}`;
  const { reason, by, releasedAt } = release;
  return `${reason === undefined ? '' : `${reason} `}(${by}, ${releasedAt})`;
}
