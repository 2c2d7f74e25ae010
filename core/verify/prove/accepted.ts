import { parseWithout, type Without } from '../../config/without.ts';
import type { TableRows } from '../../manifest/manifest.ts';
import {
  beginsWithName,
  extensionName,
  isLabelOf,
  restsOf,
  schemasIn,
} from '../../postgres/archive/entry-label.ts';
import { affectedBy, type Toc, type TocEntry } from '../../postgres/archive/toc.ts';
import { labelOf } from '../../postgres/names.ts';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { plural } from '../../text/units.ts';
import type { LeftOut } from './left-out.ts';

/** What is accepted not to be had here, and what that is in the archive at hand. */
export type Accepted = {
  /** Whether that entry is named, or cannot be there without what is. */
  readonly has: (dumpId: number) => boolean;
  /** Whether what was refused lacks only what is accepted. */
  readonly covers: (problem: RestoreProblem) => boolean;
  /** Those, as they were written, of which something lacks here. */
  readonly used: (lacking: readonly TocEntry[]) => readonly string[];
  /** What names nothing in the archive, for people. */
  readonly unknown: readonly string[];
};

/** @param toc undefined where there is none: then nothing can be told apart, and nothing is accepted */
export function acceptedIn(specs: readonly string[], toc: Toc | undefined): Accepted {
  const schemas = toc === undefined ? [] : schemasIn(toc);
  const roots = specs.map((text) => {
    const wanted = parseWithout(text);
    const found = (toc?.entries ?? []).filter((entry) => isNamed(entry, wanted, schemas));
    return { text, ids: new Set(found.map(({ dumpId }) => dumpId)) };
  });
  const reach = (ids: ReadonlySet<number>): ReadonlyMap<number, true> =>
    toc === undefined ? new Map() : affectedBy(toc, new Map([...ids].map((id) => [id, true])));
  const reaches = roots.map(({ text, ids }) => ({ text, ids: reach(ids) }));
  const has = (id: number): boolean => reaches.some(({ ids }) => ids.has(id));
  return {
    has,
    covers: ({ entry, causes }) =>
      causes === undefined ? entry !== undefined && has(entry.dumpId) : causes.every(has),
    used: (lacking) =>
      reaches.filter(({ ids }) => lacking.some(({ dumpId }) => ids.has(dumpId))).map(({ text }) => text),
    unknown: roots.filter(({ ids }) => ids.size === 0).map(({ text }) => text),
  };
}

/** A materialized view is also its refresh, and a table its rows: those depend on it. */
function isNamed(entry: TocEntry, { type, schema, name }: Without, schemas: readonly string[]): boolean {
  if (entry.type !== type) return false;
  if (type === 'EXTENSION') return extensionName(entry) === name;
  if (schema !== undefined) return isLabelOf(entry.label, { schema, name });
  return restsOf(entry.label, schemas).some((rest) => beginsWithName(rest, name));
}

/** Tables with rows that are not there: nobody has accepted to lose those. Undefined where there are none. */
export function rowsLeftOut(tables: readonly TableRows[], { isTable }: LeftOut): string | undefined {
  const lost = tables.filter((table) => table.rows !== 0 && isTable(table));
  if (lost.length === 0) return undefined;
  const named = lost.map(
    (table) => `${labelOf(table)} (${table.rows === null ? 'rows not counted' : plural(table.rows, 'row')})`,
  );
  return `what may be left out leaves out rows of tables: ${named.join(', ')}`;
}
