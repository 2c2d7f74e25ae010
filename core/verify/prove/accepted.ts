import { basename } from 'node:path';
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
import { leftOutOf } from './left-out.ts';

/** What is accepted not to be had here, and what that is in the archive at hand. */
export type Accepted = {
  /** Whether that locale or library is named. */
  readonly hasOfMachine: (lacking: Lacking) => boolean;
  /** Whether that entry is named, or cannot be there without what is. */
  readonly has: (dumpId: number) => boolean;
  /** Whether what was refused lacks only what is accepted. */
  readonly covers: (problem: RestoreProblem) => boolean;
  /** Those, as they were written, of which something lacks here: entries, locales, libraries. */
  readonly used: (lacking: readonly TocEntry[], ofMachine: readonly Lacking[]) => readonly string[];
  /** What names nothing in the archive, for people. */
  readonly unknown: readonly string[];
};

type Lacking = NonNullable<RestoreProblem['lacking']>;

/**
 * @param toc undefined where there is none: then nothing can be told apart, and nothing is accepted
 * @param unmet entries that the backup itself says cannot be restored
 * @param money entries that hold amounts in a locale which is not to be had here
 */
export function acceptedIn(
  specs: readonly string[],
  toc: Toc | undefined,
  money?: { readonly locale: string; readonly entries: readonly TocEntry[] },
  unmet: readonly TocEntry[] = [],
): Accepted {
  const schemas = toc === undefined ? [] : schemasIn(toc);
  const all = specs.map((text) => parseWithout(text));
  const roots = all.map((wanted) => {
    const found = (toc?.entries ?? []).filter((entry) => isNamed(entry, wanted, schemas));
    const ofMoney = wanted.type === 'LOCALE' && wanted.name === money?.locale ? money.entries : [];
    return { text: wanted.text, wanted, ids: new Set([...found, ...ofMoney].map(({ dumpId }) => dumpId)) };
  });
  const isOfMachine = ({ type }: Without): boolean => type === 'LOCALE' || type === 'LIBRARY';
  const names = (wanted: Without, { kind, name }: Lacking): boolean =>
    wanted.type === kind.toUpperCase() &&
    (wanted.name === name || (kind === 'library' && wanted.name === basename(name)));
  const hasOfMachine = (lacking: Lacking): boolean =>
    toc !== undefined && all.some((wanted) => names(wanted, lacking));
  const reach = (ids: ReadonlySet<number>): ReadonlyMap<number, true> =>
    toc === undefined ? new Map() : affectedBy(toc, new Map([...ids].map((id) => [id, true])));
  const reaches = roots.map(({ ids, ...root }) => ({ ...root, ids: reach(ids) }));
  const known = new Set(unmet.map(({ dumpId }) => dumpId));
  const has = (id: number): boolean => known.has(id) || reaches.some(({ ids }) => ids.has(id));
  return {
    has,
    hasOfMachine,
    covers: ({ entry, causes, lacking }) => {
      if (lacking !== undefined && hasOfMachine(lacking)) return true;
      return causes === undefined ? entry !== undefined && has(entry.dumpId) : causes.every(has);
    },
    used: (lacking, ofMachine) =>
      reaches.flatMap(({ text, ids, wanted }) => {
        const isOfEntry = lacking.some(({ dumpId }) => ids.has(dumpId));
        const isNeeded = toc !== undefined && ofMachine.some((one) => names(wanted, one));
        return isOfEntry || isNeeded ? [text] : [];
      }),
    unknown: roots.flatMap(({ text, ids, wanted }) => (ids.size === 0 && !isOfMachine(wanted) ? [text] : [])),
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
export function rowsLost(
  tables: readonly TableRows[],
  restored: {
    readonly without: readonly string[];
    readonly leftOut: readonly TocEntry[];
  },
): string | undefined {
  if (restored.without.length === 0) return undefined;
  const { isTable } = leftOutOf(restored.leftOut);
  const lost = tables.filter((table) => table.rows !== 0 && isTable(table));
  if (lost.length === 0) return undefined;
  const named = lost.map(
    (table) => `${labelOf(table)} (${table.rows === null ? 'rows not counted' : plural(table.rows, 'row')})`,
  );
  return `what may be left out leaves out rows of tables: ${named.join(', ')}`;
}
