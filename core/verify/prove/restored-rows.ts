import type { Client } from 'pg';
import type { Manifest, TableRows } from '../../manifest/manifest.ts';
import { type RowCounts, rowsStatus, rowsTogether } from '../../manifest/rows-compared.ts';
import type { Check } from '../../manifest/verification.ts';
import type { CopyRowCounts } from '../../postgres/archive/copy-rows.ts';
import { tableKey as keyOf, rowsByTable } from '../../postgres/archive/rows-in-archive.ts';
import { steadySession } from '../../postgres/connect/steady-session.ts';
import { countRows } from '../../postgres/facts/count-rows.ts';
import { type ListedTable, listDumpedTables } from '../../postgres/facts/dumped-tables.ts';
import { unloggedRows } from '../../postgres/facts/not-dumped.ts';
import {
  fingerprintTable,
  readTableColumns,
  sumOfFingerprints,
} from '../../postgres/facts/table-fingerprint.ts';
import { labelOf } from '../../postgres/names.ts';
import { formatCount, plural } from '../../text/units.ts';
import { notInDump, uncountedRows } from '../not-compared.ts';
import type { ThroughRoot } from '../read/through-root.ts';
import { checkOf } from './differences.ts';

type TableName = { readonly schema: string; readonly name: string };
type Found = { readonly rows: number; readonly fingerprint: string | null };

export type RowsOptions = {
  /** Whether what the table needs is missing here. */
  readonly isLeftOut: (table: TableName) => boolean;
  /** What the archive was read to hold. */
  readonly counts?: CopyRowCounts | undefined;
  /** Partitions whose rows may lie in other ones than at the source. */
  readonly throughRoot?: readonly ThroughRoot[] | undefined;
};

/**
 * Counts the rows of every table of a restored database, over as many connections as there are `clients`, and compares
 * them with what was recorded; fingerprints too, in the same scan, where there are recorded ones. The sessions are
 * not fit for anything else afterwards. Partitions of `throughRoot` are compared one by one where that holds, else all
 * of a root together: their rows may belong into others than at the source.
 */
export async function compareRestoredRows(
  clients: readonly Client[],
  manifest: Pick<Manifest, 'tables' | 'notDumped' | 'server' | 'leftOut'>,
  { isLeftOut, counts, throughRoot = [] }: RowsOptions,
): Promise<Check[]> {
  const { server, notDumped = [], leftOut } = manifest;
  // Of these the archive has no rows, and a restore must not bring any; an extension may fill its own.
  const emptied = (leftOut?.rows ?? []).filter(({ ofExtension }) => ofExtension !== true);
  const filled = new Set((leftOut?.rows ?? []).filter(({ ofExtension }) => ofExtension).map(keyOf));
  const recorded: readonly TableRows[] = [
    ...manifest.tables,
    ...emptied.map(({ schema, name }) => ({ schema, name, rows: 0 })),
  ];
  const [first] = clients;
  if (first === undefined) throw new Error('counting needs a connection');
  // SQL_ASCII lets names through that no text can hold: such a table cannot be asked for.
  const isNameless = ({ schema, name }: TableName): boolean => `${schema}${name}`.includes('\ufffd');
  const expected = recorded.filter((table) => !isLeftOut(table) && !isNameless(table));
  const there = new Map((await listDumpedTables(first)).map((table) => [keyOf(table), table]));
  const found = new Map<string, Found>();
  const queue = expected.values();
  const work = async (client: Client): Promise<void> => {
    await steadySession(client);
    await client.query('begin isolation level repeatable read, read only');
    const columns = await readTableColumns(client);
    for (const table of queue) {
      const restored = there.get(keyOf(table));
      if (restored === undefined) continue;
      const content =
        typeof table.fingerprint === 'string'
          ? await fingerprintTable(client, restored, columns)
          : { rows: await countRows(client, restored), fingerprint: null };
      found.set(keyOf(table), content);
    }
  };
  await Promise.all(clients.map(work));
  const known = new Set(recorded.map(keyOf));
  const extra = [...there.values()].filter(
    (table) => !known.has(keyOf(table)) && !filled.has(keyOf(table)) && !isNameless(table),
  );
  const { alone, moved } = movedOf(expected, found, throughRoot);
  // A standby cannot read them, and pg_dump takes none of their rows there.
  const isEmptied = (table: ListedTable): boolean => server.inRecovery && table.isUnlogged;
  const rows = rowsCheck({
    expected,
    alone,
    moved,
    found,
    inArchive: rowsByTable(counts),
    extra: extra.filter((table) => !isEmptied(table)),
    nameless: recorded.filter(isNameless).length,
    notCompared: [
      ...uncountedRows(expected),
      ...notInDump([
        ...notDumped,
        ...extra.filter(isEmptied).map((table) => ({ kind: unloggedRows, name: labelOf(table) })),
      ]),
    ],
  });
  const hashed = expected.filter(({ fingerprint }) => typeof fingerprint === 'string');
  return hashed.length === 0 ? [rows] : [rows, fingerprintCheck(hashed, moved, found)];
}

/** Partitions of one root whose rows lie in others of them than at the source, to be compared as one table. */
type Moved = {
  readonly label: string;
  readonly partitions: readonly TableRows[];
  readonly rows: RowCounts;
};

function movedOf(
  expected: readonly TableRows[],
  found: ReadonlyMap<string, Found>,
  throughRoot: readonly ThroughRoot[],
): { readonly alone: readonly TableRows[]; readonly moved: readonly Moved[] } {
  const moved = throughRoot.flatMap(({ label, partitions: all, blocks }): Moved[] => {
    const ofRoot = new Set(all.map(keyOf));
    // One that is missing is told by itself.
    const partitions = expected.filter((table) => ofRoot.has(keyOf(table)) && found.has(keyOf(table)));
    const asRecorded = partitions.every(({ rows, fingerprint, ...table }) => {
      const got = found.get(keyOf(table));
      const isSame = typeof fingerprint !== 'string' || got?.fingerprint === fingerprint;
      // What nobody counted is in the archive as the root's.
      return isSame && rows === got?.rows;
    });
    if (asRecorded) return [];
    return [
      {
        label,
        partitions,
        rows: rowsTogether(
          partitions.map((table) => ({
            recorded: table.rows,
            restored: found.get(keyOf(table))?.rows ?? null,
          })),
          // The archive's rows are those of all partitions.
          partitions.length === all.length ? blocks.reduce((sum, rows) => sum + rows, 0) : undefined,
        ),
      },
    ];
  });
  const together = new Set(moved.flatMap(({ partitions }) => partitions));
  return { alone: expected.filter((table) => !together.has(table)), moved };
}

function rowsCheck({
  expected,
  alone,
  moved,
  found,
  inArchive,
  extra,
  nameless,
  notCompared,
}: {
  readonly expected: readonly TableRows[];
  readonly alone: readonly TableRows[];
  readonly moved: readonly Moved[];
  readonly found: ReadonlyMap<string, Found>;
  readonly inArchive: ReadonlyMap<string, number>;
  readonly extra: readonly TableName[];
  readonly nameless: number;
  readonly notCompared: readonly string[];
}): Check {
  const faults = alone.flatMap((table) => {
    const restored = found.get(keyOf(table))?.rows ?? null;
    return faultOf(labelOf(table), {
      recorded: table.rows,
      restored,
      inArchive: inArchive.get(keyOf(table)),
    });
  });
  for (const { label, rows } of moved) faults.push(...faultOf(label, rows));
  for (const table of extra) faults.push(`${labelOf(table)} was not recorded`);
  const uncounted = expected.filter(({ rows }) => rows === null);
  const held = uncounted.filter((table) => inArchive.has(keyOf(table))).length;
  const total = [...found.values()].reduce((sum, { rows }) => sum + rows, 0);
  const passed = [
    `${plural(expected.length, 'table')}, ${plural(total, 'row')} after the restore, as recorded`,
    ...(uncounted.length > 0
      ? [
          `the rows of ${formatCount(uncounted.length)} were not counted when it was made${held > 0 ? `: of ${formatCount(held)} as in the archive` : ''}`,
        ]
      : []),
    ...moved.map(({ label }) => `those of ${label} in other partitions, compared together`),
    ...(nameless > 0 ? [`${plural(nameless, 'name')} could not be compared`] : []),
  ];
  return checkOf('rows', { faults, passed: passed.join('; '), notCompared });
}

function faultOf(label: string, counts: RowCounts): string[] {
  const status = rowsStatus(counts);
  if (status === 'missing') return [`${label} is missing`];
  if (status !== 'differs') return [];
  const { recorded, restored, inArchive } = counts;
  const wanted =
    recorded === null
      ? `in the archive are ${formatCount(inArchive ?? 0)}`
      : `recorded were ${formatCount(recorded)}`;
  return [`${label} has ${plural(restored ?? 0, 'row')}, ${wanted}`];
}

function fingerprintCheck(
  hashed: readonly TableRows[],
  moved: readonly Moved[],
  found: ReadonlyMap<string, Found>,
): Check {
  const faults: string[] = [];
  const limits: string[] = [];
  const uncompared: string[] = [];
  const compare = (label: string, wanted: string, got: string | null): void => {
    if (got === null) limits.push(`the fingerprint of ${label} could not be taken here`);
    else if (methodOf(got) !== methodOf(wanted))
      limits.push(`the fingerprint of ${label} was taken in another way than this version does`);
    else if (got !== wanted) faults.push(`${label} has other content`);
  };
  const together = new Set(moved.flatMap(({ partitions }) => partitions));
  for (const table of hashed) {
    const got = found.get(keyOf(table));
    // That it is missing is said already.
    if (got !== undefined && !together.has(table))
      compare(labelOf(table), table.fingerprint ?? '', got.fingerprint);
  }
  for (const { label, partitions } of moved) {
    const wanted = sumOfFingerprints(partitions.map(({ fingerprint }) => fingerprint));
    if (wanted === null) uncompared.push(label);
    else
      compare(
        label,
        wanted,
        sumOfFingerprints(partitions.map((table) => found.get(keyOf(table))?.fingerprint)),
      );
  }
  const note =
    uncompared.length === 0
      ? ''
      : `; not that of ${uncompared.join(', ')}, whose rows lie in other partitions and were not all recorded`;
  return checkOf('fingerprint', {
    faults,
    limits,
    passed: `${plural(hashed.length, 'table')}, as recorded${note}`,
  });
}

/** What a fingerprint begins with says how it was made. */
function methodOf(fingerprint: string | null | undefined): string {
  return (fingerprint ?? '').split(':')[0] ?? '';
}
