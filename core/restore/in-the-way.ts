import type { Client } from 'pg';
import type { Problem } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { type ArchiveEntries, wordsFor } from './archive-entries.ts';
import type { AskedEntries } from './asked-entries.ts';
import { relationTypes } from './entry-links.ts';
import { type Finding, refused, TargetRefused } from './finding.ts';
import { indexName, type TargetLook } from './look-at-target.ts';
import type { EntrySelection } from './select-entries.ts';
import type { TargetObject } from './target-objects.ts';

/** A relation of the target that has a name which the restore needs. */
export type InTheWay = {
  /** What would be made under that name, for people: `table public.orders`. */
  readonly wanted: string;
  /** The entry of the archive that it would be made by, by dump id. */
  readonly dumpId: number;
  readonly there: TargetObject;
};

/** Everything in the target that has the name of a table, a view or an index that is to be made. */
export function thingsInTheWay(
  archive: ArchiveEntries,
  { chosen, named }: AskedEntries,
  target: TargetLook,
  { selected, used }: Pick<EntrySelection, 'selected' | 'used'>,
): InTheWay[] {
  const { byId, described } = archive;
  const found: InTheWay[] = [];
  const add = (dumpId: number, there: TargetObject | undefined): void => {
    if (there !== undefined) found.push({ wanted: wordsFor(archive, dumpId), dumpId, there });
  };
  for (const id of used) {
    const type = byId.get(id)?.type ?? '';
    const there = target.find(id);
    if (!relationTypes.has(type) || there === undefined) continue;
    // A sequence counts on; a view of a schema that was asked for says the same, and holds no rows.
    const serves =
      type === 'SEQUENCE' ? there.more === 'S' : type === 'VIEW' && !named.has(id) && there.more === 'v';
    if (chosen.has(id) && !serves) add(id, there);
    else if (type === 'SEQUENCE' && !serves) add(id, there);
  }
  for (const id of selected) {
    const type = byId.get(id)?.type ?? '';
    const own = described.get(id);
    if (own === undefined) continue;
    const index = indexName(id, archive);
    if (index !== undefined) add(id, target.named('relation', own.schema, index));
    else if (relationTypes.has(type)) add(id, target.named('type', own.schema, own.name));
  }
  return found;
}

const shown = 5;

/** @throws TargetRefused where the restore could not make what it is to make */
export function refuseInTheWay(found: readonly InTheWay[]): void {
  if (found.length > 0) throw new TargetRefused(problemOf(found.map(inTheWayWords)));
}

/** @param words for each thing that is there */
function problemOf(words: readonly string[]): Problem {
  const more = words.length - shown;
  return {
    what: 'What is to be restored is in the target already; nothing was changed',
    got: `${words.slice(0, shown).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    expected: 'names that are free',
    fix: 'Rename what is there (--rename-existing), restore beside it (--into-schema NAME), or only the rows into it (--data-only); --keep-going leaves it and restores the rest. What you have renamed by hand keeps the names of its indexes: rename those too.',
  };
}

/**
 * The tables of a whole backup that the target has, by the manifest: so that a rehearsal knows it, which does not fetch the
 * archive of a whole backup. What else is in the way the archive says.
 */
export async function recordedInTheWay(
  client: Client,
  { tables }: Pick<Manifest, 'tables'>,
): Promise<Finding[]> {
  // Compared here and not there: not every name of the backup can be said in the target's encoding.
  const { rows } = await client.query<{ schema: string; name: string; kind: string }>(
    `select nspname as schema, relname as name, relkind as kind from pg_catalog.pg_class
       join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace where relkind in ('r', 'p', 'v', 'm', 'f')`,
  );
  const kinds = new Map(rows.map(({ schema, name, kind }) => [JSON.stringify([schema, name]), kind]));
  const words = tables.flatMap(({ schema, name }) => {
    const kind = kinds.get(JSON.stringify([schema, name]));
    return kind === undefined
      ? []
      : [
          `table ${`${schema}.${name}`.replace(/\s+/g, ' ')}: ${kindsOfRelation[kind]} is there under that name`,
        ];
  });
  return words.length === 0 ? [] : [refused('selection', problemOf(words))];
}

/** `table public.orders: a view is there under that name` */
export function inTheWayWords({ wanted, there }: InTheWay): string {
  const kind = there.kind === 'type' ? 'a type' : (kindsOfRelation[there.more] ?? 'a relation');
  return `${wanted}: ${kind} is there under that name${there.of === null ? '' : `, of ${there.of}`}`;
}

const kindsOfRelation: Readonly<Record<string, string>> = {
  r: 'a table',
  p: 'a partitioned table',
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  i: 'an index',
  I: 'an index',
  c: 'a composite type',
};
