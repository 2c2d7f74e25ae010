import type { Manifest } from '../manifest/manifest.ts';
import { asListed } from '../postgres/archive/entry-label.ts';
import { unquoteIdentifier } from '../postgres/names.ts';
import { matchSelection, refuseContradiction, textOf } from './match-names.ts';
import { isPartial, type Selection } from './request.ts';

const relations: ReadonlySet<string> = new Set([
  'table',
  'view',
  'materialized view',
  'foreign table',
  'sequence',
]);

/**
 * Refuses names that are not in a backup by what its manifest says, before the archive is fetched. Manifests of older
 * versions do not say: then the archive does.
 *
 * @throws NotInBackup, UsageError
 */
export function checkNames(
  { id, tables, catalog }: Pick<Manifest, 'id' | 'tables' | 'catalog'>,
  selection: Selection,
): void {
  const { excludeTables = [], excludeSchemas = [] } = selection;
  const away = new Set([...excludeTables.map(textOf), ...excludeSchemas.map((name) => `schema ${name}`)]);
  const both = [...selection.tables.map(textOf), ...selection.schemas.map((name) => `schema ${name}`)];
  for (const text of both) if (away.has(text)) refuseContradiction(text);
  if (catalog === undefined || !isPartial(selection)) return;
  const listed = new Map<string, { schema: string; name: string }>();
  const schemas = new Set(['public']);
  const add = (schema: string, name: string): void => {
    const one = { schema: asListed(schema), name: asListed(name) };
    listed.set(`${one.schema}\n${one.name}`, one);
  };
  for (const { schema, name } of tables) add(schema, name);
  for (const { type, identity } of catalog) {
    const [first, second] = partsOf(identity);
    if (first === undefined) continue;
    if (second !== undefined && relations.has(type)) add(first, second);
    if (type === 'schema') schemas.add(asListed(first));
  }
  for (const { schema } of listed.values()) schemas.add(schema);
  matchSelection({ relations: [...listed.values()], schemas: [...schemas] }, selection, id);
}

/** `sales."Odd ""name"""`, and what may follow: the arguments of a function, the table of a constraint. */
function partsOf(identity: string): string[] {
  const [, first, second] = /^("(?:[^"]|"")+"|[^".(]+)(?:\.("(?:[^"]|"")+"|[^".(]+))?/s.exec(identity) ?? [];
  return [first, second].filter((part) => part !== undefined).map(unquoteIdentifier);
}
