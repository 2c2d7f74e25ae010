import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { access } from '../../../lib/access.ts';

/** A backup's part of a store with a prefix. */
export const backup = 'pg/orders-prod/app/2026-11-20T02-00-00Z';
/** A key of every object, as the store has them; directory archives have names of any kind. */
export const keys: Readonly<Record<keyof typeof access, readonly string[]>> = {
  archive: ['archive.dump', 'archive.sql.zst', 'archive/toc.dat', 'archive/3421.dat.gz'].map(
    (name) => `${backup}/${name}`,
  ),
  database: [`${backup}/database.sql`],
  globals: [`${backup}/globals.sql`],
  manifest: [`${backup}/manifest.json`],
  summary: [`${backup}/summary.json`],
  verification: [`${backup}/verification.json`],
  kept: [`${backup}/verification.kept-0123456789abcdef.json`],
  hold: [`${backup}/hold.json`],
  release: [`${backup}/release.json`],
  pruned: [`${backup}/pruned.json`],
  prune: ['pg/orders-prod/app/prune.json'],
  // They are asked about by the keys of all others.
  uploads: [],
  recovery: ['pg/orders-prod/app/RECOVERY.md'],
  status: ['pg/status/index.html', 'pg/status/status.json'],
};

/** Conditions of a put. */
export const free = { 'if-none-match': '*' };
export const unchanged = { 'if-match': '"an-entity-tag"' };

/** The table of the decision, as `object → role → words`. */
export function decided(): Record<string, Record<string, string[]>> {
  const file = path.join(
    import.meta.dirname,
    '../../../docs/decisions/0015-who-may-do-what-to-which-object.md',
  );
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [[, ...columns] = [], , ...lines] = rows;
  const object = (name = ''): string =>
    name.startsWith('verification.kept') ? 'kept' : name.replace(/\.\w+$|\/$/, '').toLowerCase();
  return Object.fromEntries(
    lines.map(([name, ...cells]) => [
      object(name),
      Object.fromEntries(
        columns.map((column, index) => [
          column,
          cells[index]?.split(', ').filter((word) => word !== '') ?? [],
        ]),
      ),
    ]),
  );
}
