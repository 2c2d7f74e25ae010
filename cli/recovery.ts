import type { Command } from 'commander';
import { PgproofError } from '../core/errors.ts';
import { isAhead } from '../core/inventory/ahead.ts';
import { checkStore } from '../core/inventory/check-store.ts';
import { newestFirst } from '../core/inventory/entry.ts';
import { findIds, listOne } from '../core/inventory/find-backups.ts';
import { BackupNotFound } from '../core/inventory/read-backup.ts';
import { readEntry, verdictOn } from '../core/inventory/read-entry.ts';
import { type BackupId, parseIdOrLatest } from '../core/manifest/backup-id.ts';
import { Unreadable } from '../core/manifest/document.ts';
import type { Manifest } from '../core/manifest/manifest.ts';
import { folderOf, recoveryNoteKey } from '../core/manifest/recovery-note.ts';
import { keepNote, type NoteOutcome, type NoteRequest, noteFor } from '../core/recovery/keep-note.ts';
import type { ReadOptions, Store } from '../core/store/store.ts';
import { interruptible } from './interrupt.ts';
import { type ContactFlag, contactOption, type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { tell } from './output/edge.ts';
import { printJson, printSource } from './output/result.ts';

type RecoveryFlags = StoreFlags & ContactFlag & { readonly write?: true; readonly json?: true };

export function recoveryCommand(): Command {
  return storeCommand('recovery')
    .description('how to restore a database, with pgproof and without: RECOVERY.md, printed or written')
    .argument('<database>', 'SOURCE/DATABASE, as ids of its backups begin')
    .addOption(contactOption())
    .option('--write', 'write it beside the backups, or bring it up to date there')
    .action(run);
}

async function run(text: string, flags: RecoveryFlags): Promise<void> {
  const store = await storeFrom(flags);
  const request = await interruptible((signal) => requestFor(store, text, flags, signal));
  const key = recoveryNoteKey(request.manifest);
  if (!flags.write) {
    const note = await noteFor(request);
    if (flags.json) printJson({ key, note });
    else printSource(note);
    return;
  }
  const outcome = await keepNote(request);
  if (outcome === 'foreign')
    throw new PgproofError({
      what: `Somebody's own file lies where the note would: ${store.url}/${key}`,
      got: 'a first line that is not pgproof’s',
      fix: 'It was left alone. Move it away to have one written, or print the note without --write.',
    });
  if (flags.json) printJson({ key, outcome });
  else tell(process.stderr, [`${words[outcome]} ${store.url}/${key}`]);
}

const words: Readonly<Record<Exclude<NoteOutcome, 'foreign'>, string>> = {
  written: 'Written:',
  kept: 'Up to date already:',
};

/** So many newest ones are asked whether they were proven, and how long that took. */
const asked = 10;

/**
 * By the newest whose manifest can be read, whatever its verdict and cluster: that is how whoever backs up writes it.
 *
 * @param text SOURCE/DATABASE, or any id of that database
 * @throws BackupNotFound, StoreUnusable, UsageError
 */
async function requestFor(
  store: Store,
  text: string,
  { contact }: RecoveryFlags,
  signal: AbortSignal,
): Promise<NoteRequest> {
  const { source, database } = parseIdOrLatest(/^[^/]*\/[^/]*$/.test(text) ? `${text}/latest` : text);
  const names = { source, database };
  const ids: BackupId[] = [];
  for await (const id of findIds(store, names, { signal })) ids.push(id);
  // One that is dated in the future is told of only where there is no other.
  const now = new Date();
  const ahead = ({ startedAt }: BackupId): number => Number(isAhead(startedAt.getTime(), now));
  ids.sort((one, other) => ahead(one) - ahead(other) || newestFirst({ id: one }, { id: other }));
  let manifest: Manifest | undefined;
  for (const [index, id] of ids.entries()) {
    if (manifest !== undefined && index >= asked) break;
    const listed = await listOne(store, id, { signal });
    const entry = listed && (await readEntry(store, listed, { signal }));
    if (entry === undefined || entry.manifest instanceof Unreadable) continue;
    manifest ??= entry.manifest;
    const timings = verdictOn(entry)?.timings;
    if (timings?.restoreSeconds !== undefined) return { store, manifest, contact, timings };
  }
  if (manifest === undefined) throw await noneOf(store, names, ids.length, { signal });
  return { store, manifest, contact };
}

async function noneOf(
  store: Store,
  names: Pick<BackupId, 'source' | 'database'>,
  seen: number,
  options: ReadOptions,
): Promise<BackupNotFound> {
  await checkStore(store, options);
  return new BackupNotFound({
    what: `There is no backup of ${folderOf(names)} in ${store.url} that could be told of`,
    got: seen === 0 ? 'nothing under that name' : 'no manifest that can be read',
    fix: `See what there is: pgproof list --store ${store.url}`,
  });
}
