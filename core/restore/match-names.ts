import { PgproofError, UsageError } from '../errors.ts';
import { labelOf } from '../postgres/names.ts';
import { namesLike } from '../text/names-like.ts';
import { oneLine } from '../text/one-line.ts';
import { type ListedName, matchingSchemas, matchingTables } from './name-pattern.ts';
import type { Selection, TableSelector } from './request.ts';

/** A table or schema that was asked for is not in the backup. */
export class NotInBackup extends PgproofError {
  override readonly name = 'NotInBackup';
}

/** What there is to choose from. */
export type Names<T extends ListedName> = {
  /** Tables, views, materialized views, foreign tables, sequences. */
  readonly relations: readonly T[];
  readonly schemas: readonly string[];
};

/** What a selection comes to among names. */
export type Matched<T> = {
  readonly relations: ReadonlySet<T>;
  /** Of those, what was asked for by a name of its own: without it the restore is not what was asked for. */
  readonly named: ReadonlySet<T>;
  readonly schemas: ReadonlySet<string>;
  readonly excludedRelations: ReadonlySet<T>;
  readonly excludedSchemas: ReadonlySet<string>;
};

/**
 * What a selection means in a backup.
 *
 * @param id the backup, for people
 * @throws NotInBackup where a name or pattern means nothing; UsageError where all that one means is excluded by another
 */
export function matchSelection<T extends ListedName>(
  names: Names<T>,
  selection: Selection,
  id: string,
): Matched<T> {
  const { relations, schemas } = names;
  const { excludeTables = [], excludeSchemas = [] } = selection;
  const tablesOf = (wanted: TableSelector): T[] => {
    const found = matchingTables(relations, wanted);
    return found.length > 0 ? found : refuseUnknownTable(relations, wanted, id);
  };
  const schemasOf = (wanted: string): string[] => {
    const found = matchingSchemas(schemas, wanted);
    return found.length > 0 ? found : refuseUnknownSchema(schemas, wanted, id);
  };
  const asked = selection.tables.map((wanted) => ({ wanted, found: tablesOf(wanted) }));
  const askedSchemas = selection.schemas.map((wanted) => ({ wanted, found: schemasOf(wanted) }));
  const excludedRelations = new Set(excludeTables.flatMap(tablesOf));
  const excludedSchemas = new Set(excludeSchemas.flatMap(schemasOf));
  const isAway = (one: T): boolean => excludedRelations.has(one) || excludedSchemas.has(one.schema);
  for (const { wanted, found } of asked) if (found.every(isAway)) refuseContradiction(textOf(wanted));
  for (const { wanted, found } of askedSchemas)
    if (found.every((schema) => excludedSchemas.has(schema))) refuseContradiction(wanted);
  return {
    relations: new Set(asked.flatMap(({ found }) => found)),
    named: new Set(asked.flatMap(({ wanted, found }) => (isPattern(wanted) ? [] : found))),
    schemas: new Set(askedSchemas.flatMap(({ found }) => found)),
    excludedRelations,
    excludedSchemas,
  };
}

function isPattern({ pattern }: TableSelector): boolean {
  return pattern !== undefined && /[*?[|]/.test(pattern);
}

/** A selector as it was written. */
export function textOf({ schema, name, pattern }: TableSelector): string {
  return pattern ?? (schema === undefined ? name : labelOf({ schema, name }));
}

/** @throws UsageError */
export function refuseContradiction(what: string): never {
  throw new UsageError({
    what: 'It is both asked for and excluded',
    got: oneLine(what),
    fix: 'Leave out one of the two.',
  });
}

function refuseUnknownTable(relations: readonly ListedName[], wanted: TableSelector, id: string): never {
  const [last = ''] = textOf(wanted).split('.').slice(-1);
  throw new NotInBackup({
    what: `There is no such table, view or sequence in ${id}`,
    got: oneLine(textOf(wanted)),
    expected: namesLike(
      last,
      relations.map((one) => ({ short: one.name, label: labelOf(one) })),
    ),
    fix: 'See them all: pgproof show ID. Patterns are those of psql: * and ? outside of quotes.',
  });
}

function refuseUnknownSchema(schemas: readonly string[], wanted: string, id: string): never {
  throw new NotInBackup({
    what: `There is no such schema in ${id}`,
    got: oneLine(wanted),
    expected: namesLike(
      wanted,
      schemas.map((name) => ({ short: name, label: oneLine(name) })),
    ),
    fix: 'See them all: pgproof show ID.',
  });
}
