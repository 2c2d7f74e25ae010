import type { DatabaseObject, TableRows } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import type { CopyRowCounts, CopyTable } from '../../postgres/archive/copy-rows.ts';
import { decodesExactly } from '../../postgres/facts/encodings.ts';
import { labelOf } from '../../postgres/names.ts';
import { formatCount, plural } from '../../text/units.ts';
import { uncountedRows } from '../not-compared.ts';
import { differenceOf, sortByRoot } from './through-root.ts';

const shownDifferences = 10;

/** Tables of one name: more than one where names had to be made alike. */
type Sum = { tables: number; rows: number | null; readonly label: string };

/**
 * Compares what the archive holds with what was counted when it was made. Tables whose rows were not counted
 * (`--rows none`) only have to be there. Partitions that are loaded through the root of their tree are compared there.
 * @param catalog the manifest's, where it has one
 */
export function compareRows(
  recorded: readonly TableRows[],
  counts: CopyRowCounts,
  catalog?: readonly DatabaseObject[] | undefined,
): Check {
  const { differences, note } = differencesOf(recorded, counts.tables, (name) => name, catalog);
  if (differences.length === 0) return passed(recorded, counts, note);
  if (!decodesExactly(counts.encoding)) {
    // Names of the archive are in the database's encoding, those of the manifest went through the server's own
    // conversion; a letter that the two see differently must not condemn the backup.
    const alike = differencesOf(
      recorded,
      counts.tables,
      (name) => (/^[\x20-\x7e]*$/.test(name) ? name : '\ufffd'),
      catalog,
    );
    if (alike.differences.length === 0)
      return passed(
        recorded,
        counts,
        `${alike.note}; names not in ASCII could not be compared (${counts.encoding})`,
      );
  }
  const more = differences.length - shownDifferences;
  const shown = differences.slice(0, shownDifferences).join('; ');
  const rest = more > 0 ? `; and ${formatCount(more)} more` : '';
  return {
    name: 'read',
    status: 'failed',
    detail: `${formatCount(differences.length)} of ${plural(recorded.length, 'table')} ${differences.length === 1 ? 'differs' : 'differ'}: ${shown}${rest}`,
  };
}

function passed(recorded: readonly TableRows[], counts: CopyRowCounts, note: string): Check {
  const uncounted = recorded.filter(({ rows }) => rows === null).length;
  const proof =
    uncounted === 0
      ? `${plural(counts.rows, 'row')}, as recorded`
      : `as recorded; the rows of ${uncounted === recorded.length ? 'all' : formatCount(uncounted)} were not counted when it was made`;
  return {
    name: 'read',
    status: 'passed',
    detail: `${plural(recorded.length, 'table')}, ${proof}${note}`,
    ...(uncounted === 0 ? {} : { notCompared: uncountedRows(recorded) }),
  };
}

function differencesOf(
  allRecorded: readonly TableRows[],
  allFound: readonly CopyTable[],
  alias: (name: string) => string,
  catalog: readonly DatabaseObject[] | undefined,
): { readonly differences: string[]; readonly note: string } {
  const { throughRoot, recorded, found } = sortByRoot(allRecorded, allFound, alias, catalog);
  const expected = sums(recorded, alias);
  const actual = sums(found, alias);
  const differences = throughRoot.flatMap((group) => differenceOf(group) ?? []);
  for (const [key, { tables, rows, label }] of expected) {
    const got = actual.get(key);
    if (got === undefined) differences.push(`${label} is missing`);
    else if (rows !== null && got.rows !== rows)
      differences.push(`${label} has ${plural(got.rows ?? 0, 'row')}, recorded were ${formatCount(rows)}`);
    else if (got.tables !== tables)
      differences.push(`${label} is there ${plural(got.tables, 'time')}, recorded were ${tables}`);
  }
  for (const [key, { rows, label }] of actual) {
    if (!expected.has(key)) differences.push(`${label} (${plural(rows ?? 0, 'row')}) was not recorded`);
  }
  const notes = throughRoot.map(
    ({ label, partitions }) => `; ${formatCount(partitions.length)} of them through ${label}`,
  );
  return { differences, note: notes.join('') };
}

function sums(tables: readonly (TableRows | CopyTable)[], alias: (name: string) => string): Map<string, Sum> {
  const byName = new Map<string, Sum>();
  for (const table of tables) {
    const { schema, name, rows } = table;
    const times = 'blocks' in table ? (table as CopyTable).blocks.length : 1;
    const key = JSON.stringify([alias(schema), alias(name)]);
    const sum = byName.get(key);
    if (sum === undefined) {
      byName.set(key, { tables: times, rows, label: labelOf({ schema, name }) });
    } else {
      sum.tables += times;
      sum.rows = sum.rows === null || rows === null ? null : sum.rows + rows;
    }
  }
  return byName;
}
