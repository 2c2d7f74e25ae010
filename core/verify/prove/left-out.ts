import { isLabelOf, type TocEntry } from '../../postgres/archive/toc.ts';
import { oneLine } from '../../text/one-line.ts';

/** What could not be restored here for want of something, with all that depends on it. */
export type LeftOut = {
  readonly entries: readonly TocEntry[];
  /** Whether a table, an index or the like may be missing because of it. A guess by names, never too narrow. */
  readonly mayHold: (words: string) => boolean;
  readonly isTable: (table: { readonly schema: string; readonly name: string }) => boolean;
};

export function leftOutOf(entries: readonly TocEntry[]): LeftOut {
  // The label is schema, name and owner, which cannot be told apart where they have spaces.
  const labels = entries.map(({ label }) => wordsOf(label));
  const tables = entries
    .filter(({ type }) => type === 'TABLE' || type === 'TABLE DATA')
    .map(({ label }) => label);
  return {
    entries,
    mayHold: (text) => {
      const words = new Set(wordsOf(text));
      // A constraint's label is schema, table, its own name, owner; the index of it is called as it is.
      return labels.some(
        ([schema = '', name = '', own = '', owner]) =>
          (schema === '-' || words.has(schema)) &&
          (words.has(name) || (owner !== undefined && words.has(own))),
      );
    },
    isTable: (table) => tables.some((label) => isLabelOf(label, table)),
  };
}

function wordsOf(text: string): string[] {
  return text.split(/[\s.,()"]+/).filter((word) => word !== '');
}

const shownEntries = 5;

/** `left out: extension vector and 3 objects that need it: table public.embeddings, …` */
export function describeLeftOut(missing: readonly string[], entries: readonly TocEntry[]): string {
  const dependents = entries.filter(
    ({ type, label }) => type !== 'EXTENSION' && !label.startsWith('- EXTENSION '),
  );
  const what = `left out: ${missing.join(', ')}`;
  if (dependents.length === 0) return what;
  const shown = dependents
    .slice(0, shownEntries)
    .map(({ type, label }) => oneLine(`${type.toLowerCase()} ${label}`));
  const more = dependents.length - shownEntries;
  const rest = more > 0 ? `, and ${more} more` : '';
  const count = `${dependents.length} ${dependents.length === 1 ? 'object' : 'objects'}`;
  return `${what} and ${count} that need ${missing.length === 1 ? 'it' : 'them'}: ${shown.join(', ')}${rest}`;
}
