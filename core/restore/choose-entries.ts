import { PgproofError, UsageError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { readToc } from '../postgres/archive/toc.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { isPartial, type Selection, type TableSelector } from './request.ts';
import { selectEntries } from './select-entries.ts';

/** A table or schema that was asked for is not in the backup. */
export class NotInBackup extends PgproofError {
  override readonly name = 'NotInBackup';
}

/** What pg_restore gets beside the archive. @throws UsageError */
export function selectionArguments(manifest: Manifest, selection: Selection): string[] {
  const { part, owners, privileges } = selection;
  const args = [
    ...(part === 'schema' ? ['--schema-only'] : []),
    ...(part === 'data' ? ['--data-only'] : []),
    ...(owners ? [] : ['--no-owner']),
    ...(privileges ? [] : ['--no-privileges']),
  ];
  if (manifest.dump.format === 'plain' && (args.length > 0 || isPartial(selection))) {
    throw new UsageError({
      what: 'A backup in plain SQL can be restored as a whole only',
      got: [...args, ...(isPartial(selection) ? ['--table or --schema'] : [])].join(' '),
      fix: 'Restore all of it into a new database (--create) and take from there what you need.',
    });
  }
  return args;
}

/**
 * The entries of an archive that a restore of some tables or schemas leaves out; undefined for a whole one.
 *
 * @throws NotInBackup
 */
export async function entriesToLeaveOut(
  manifest: Manifest,
  selection: Selection,
  source: {
    readonly tools: PostgresTools;
    readonly path: string;
    readonly intoEmpty: boolean;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlySet<number> | undefined> {
  const { format } = manifest.dump;
  if (!isPartial(selection) || format === 'plain') return undefined;
  refuseUnknown(manifest, selection);
  const { tools, path, signal } = source;
  const toc = await readToc({ tools, path, format, signal });
  const chosen = new Set<number>();
  // pg_restore's own comparison of names, which knows where one ends: a list of contents does not tell.
  const filters = [
    ...selection.tables.map(({ schema, name }) => [
      ...(schema === undefined ? [] : [`--schema=${schema}`]),
      `--table=${name}`,
    ]),
    ...selection.schemas.map((schema) => [`--schema=${schema}`]),
  ];
  for (const filter of filters) {
    const found = await readToc({ tools, path, format, selection: filter, signal });
    for (const { dumpId } of found.entries) chosen.add(dumpId);
  }
  const selected = selectEntries(toc, chosen, source.intoEmpty);
  return new Set(toc.entries.map(({ dumpId }) => dumpId).filter((id) => !selected.has(id)));
}

/** Whether a restore of `selection` brings this table. */
export function isSelected(
  selection: Selection,
  table: { readonly schema: string; readonly name: string },
): boolean {
  if (!isPartial(selection)) return true;
  return selection.schemas.includes(table.schema) || selection.tables.some((one) => matches(one, table));
}

function matches(one: TableSelector, table: { readonly schema: string; readonly name: string }): boolean {
  return one.name === table.name && (one.schema === undefined || one.schema === table.schema);
}

function refuseUnknown({ id, tables }: Manifest, selection: Selection): void {
  for (const wanted of selection.tables) {
    if (tables.some((table) => matches(wanted, table))) continue;
    throw new NotInBackup({
      what: `There is no such table in ${id}`,
      got: wanted.schema === undefined ? wanted.name : `${wanted.schema}.${wanted.name}`,
      expected: namesLike(
        wanted.name,
        tables.map(({ schema, name }) => `${schema}.${name}`),
      ),
      fix: 'See them all: pgproof show ID.',
    });
  }
  const schemas = [...new Set(tables.map(({ schema }) => schema))];
  for (const wanted of selection.schemas) {
    if (schemas.includes(wanted)) continue;
    throw new NotInBackup({
      what: `There is no table in such a schema in ${id}`,
      got: wanted,
      expected: namesLike(wanted, schemas),
      fix: 'See them all: pgproof show ID.',
    });
  }
}

const shownNames = 5;

/** Those that share their beginning first; few of them. */
function namesLike(wanted: string, names: readonly string[]): string {
  const stem = wanted.slice(0, 3).toLowerCase();
  const near = names.filter((name) => name.toLowerCase().includes(stem));
  const chosen = near.length > 0 ? near : names;
  return chosen.length <= shownNames
    ? `one of ${chosen.join(', ')}`
    : `one of ${chosen.slice(0, shownNames).join(', ')}, …`;
}
