import type { TableRows } from '../manifest/manifest.ts';
import type { CopyRowCounts } from '../postgres/archive/copy-rows.ts';
import { countRowsInArchive, tableKey } from '../postgres/archive/rows-in-archive.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { compareWithTarget } from './compare-rows.ts';
import type { Run } from './fill-target.ts';
import type { RestoredTable } from './report.ts';

/** Counts what should be there. Not of tables that held rows before: those cannot be told from ours. */
export async function compareTarget(run: Run): Promise<readonly RestoredTable[]> {
  const { request, dependencies, choice, before } = run;
  const { manifest, target, signal, onProgress } = dependencies;
  if (request.selection.part === 'schema') return [];
  const expected = manifest.tables.filter(
    (table) => (choice?.holds(table) ?? true) && before?.stateOf(table) !== 'rows',
  );
  const totalTables = expected.length;
  const found = await countsFor(run, expected);
  const { intoSchema } = request;
  const inPlace = <Table extends TableName>(table: Table): Table =>
    intoSchema === undefined ? table : { ...table, schema: intoSchema };
  const counts = found === undefined ? undefined : { ...found, tables: found.tables.map(inPlace) };
  return await withConnection(target, { database: request.database, signal }, (client) =>
    compareWithTarget(client, expected.map(inPlace), {
      counts,
      signal,
      onTable: (tables) => onProgress?.({ step: 'counting', tables, totalTables }),
    }),
  );
}

type TableName = { readonly schema: string; readonly name: string };

/** What the archive has of tables whose rows nobody counted at the source. Not of one that came as a stream, and is gone. */
async function countsFor(
  { dependencies, program, archive, directory }: Run,
  expected: readonly TableRows[],
): Promise<CopyRowCounts | undefined> {
  const { manifest, signal } = dependencies;
  const uncounted = expected.filter(({ rows }) => rows === null);
  if (uncounted.length === 0 || archive.kind !== 'path') return undefined;
  // Rows that are loaded through a root are the root's: all of its partitions, or none.
  const roots = new Set(uncounted.flatMap(({ root }) => (root === undefined ? [] : [tableKey(root)])));
  const wanted = expected.filter(
    ({ rows, root }) => rows === null || (root !== undefined && roots.has(tableKey(root))),
  );
  return await countRowsInArchive(wanted, {
    tools: program,
    path: archive.path,
    name: manifest.objects.find(({ role }) => role === 'archive')?.name ?? '',
    format: manifest.dump.format,
    directory,
    signal,
  });
}
