import type { Manifest } from '../../core/manifest/manifest.ts';
import { labelOf } from '../../core/postgres/names.ts';
import { formatCount, plural } from '../../core/text/units.ts';
import { guarded } from './shown.ts';

const shown = 10;
const cellCharacters = 2_000;

/** What was left out of a backup on purpose, by label; nothing of a whole one. */
export function partialFacts({ partial, leftOut, selection = {} }: Manifest): [string, string][] {
  if (partial !== true) return [];
  const asked = [
    ['schemas', selection.schemas],
    ['without schemas', selection.excludeSchemas],
    ['without tables', selection.excludeTables],
    ['without rows of', selection.excludeTableData],
  ] as const;
  const words = asked.flatMap(([label, patterns = []]) =>
    patterns.length === 0 ? [] : [`${label} ${patterns.map((text) => JSON.stringify(text)).join(', ')}`],
  );
  const facts: [string, string][] = [
    ['Partial', words.join('; ') || 'tables were left out of it on purpose'],
  ];
  if (leftOut !== undefined) {
    const { tables, moreTables = 0, rows, dependents } = leftOut;
    if (tables.length > 0) facts.push(['Left out', someOf(tables.map(labelOf), moreTables)]);
    if (rows.length > 0) facts.push(['No rows of', someOf(rows.map(labelOf))]);
    const lost = dependents.map(({ name, needs }) => `${name} (needs ${needs})`);
    if (lost.length > 0) facts.push(['Not restored', someOf(lost)]);
  }
  return facts.map(([label, text]) => [label, guarded(text, cellCharacters)]);
}

function someOf(names: readonly string[], besides = 0): string {
  const more = names.length - shown + besides;
  return [...names.slice(0, shown), ...(more > 0 ? [`and ${formatCount(more)} more`] : [])].join(', ');
}

/** What a person who restores it must know. */
export function partialWarning(manifest: Manifest, id: string): string[] {
  if (manifest.partial !== true) return [];
  const { tables = [], moreTables = 0, rows = [] } = manifest.leftOut ?? {};
  const without = plural(tables.length + moreTables, 'table');
  return [
    `${id} is partial: ${without} and the rows of ${formatCount(rows.length)} more were left out on purpose when it was made, and are not restored`,
  ];
}
