import { labelOf, quoteIdentifier } from '../postgres/names.ts';
import type { Run } from './fill-target.ts';

/** What people should know of how it is restored, whatever comes of it. */
export function notesBefore({ request, dependencies, server, archive, before, choice }: Run): string[] {
  const { manifest } = dependencies;
  const sourceMajor = Math.floor(manifest.server.versionNum / 10_000);
  const notes: string[] = [];
  if (server.major < sourceMajor)
    notes.push(`the server (${server.version}) is older than the source was (${manifest.server.version})`);
  if (archive.kind === 'stream')
    notes.push('there was no room for the archive as a file: it was restored by one process while it came');
  const { format } = manifest.dump;
  if ((request.jobs ?? 1) > 1 && (format === 'plain' || format === 'tar'))
    notes.push(`it was one job all the same: the format ${format} is read from one end to the other`);
  notes.push(...(choice?.notes ?? []));
  if (manifest.partial === true)
    notes.push('the backup is partial: tables or their rows were left out on purpose when it was made');
  const isTangled = manifest.dump.format === 'plain' && (manifest.leftOut?.dependents ?? []).length > 0;
  if (isTangled)
    notes.push(
      'what needs something that was left out is refused, and of plain SQL nothing can be passed by: --keep-going restores the rest',
    );
  const filled = manifest.tables.filter(
    (table) => (choice?.holds(table) ?? true) && before?.stateOf(table) === 'rows',
  );
  if (filled.length > 0 && request.selection.part !== 'schema')
    notes.push(
      `held rows before, to which those of the backup were added, and were not compared: ${named(filled)}`,
    );
  if (request.selection.part === 'schema') notes.push('rows were not compared: only the schema was restored');
  if (request.create && request.database !== manifest.database)
    notes.push('settings, owner and grants of the database itself are kept under its own name only');
  const isUnknown =
    manifest.dump.format === 'plain' && !manifest.objects.some(({ role }) => role === 'database');
  if (request.create && request.database === manifest.database && isUnknown)
    notes.push(
      'settings, owner and grants of the database itself are not in this backup: a later one has them',
    );
  return notes;
}

const shown = 5;

function named(tables: readonly { readonly schema: string; readonly name: string }[]): string {
  const more = tables.length - shown;
  return `${tables.slice(0, shown).map(labelOf).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** What is left to do where all went well. */
export function notesAfter({ request }: Run): string[] {
  if (request.selection.part === 'schema') return [];
  return [`queries are slow until statistics are there: run ANALYZE in ${quoteIdentifier(request.database)}`];
}
