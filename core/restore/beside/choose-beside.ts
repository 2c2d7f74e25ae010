import { UsageError } from '../../errors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { extensionName } from '../../postgres/archive/entry-label.ts';
import { dependentsOf, type Toc, type TocEntry } from '../../postgres/archive/toc.ts';
import { labelOf } from '../../postgres/names.ts';
import { oneLine } from '../../text/one-line.ts';
import type { Choice } from '../choice.ts';
import { TargetRefused } from '../finding.ts';

/** What lies in no schema and would act on what is in use, or stand in the way of dropping the temporary database. */
const inNoSchema: Readonly<Record<string, string>> = {
  SUBSCRIPTION: 'subscriptions',
  'SUBSCRIPTION TABLE': 'subscriptions',
  PUBLICATION: 'publications',
  'PUBLICATION TABLE': 'publications',
  'PUBLICATION TABLES IN SCHEMA': 'publications',
  'EVENT TRIGGER': 'event triggers',
  BLOB: 'large objects',
  BLOBS: 'large objects',
  'BLOB METADATA': 'large objects',
};

/** What else lies in no schema, and is used by what does. Where it comes along it does so for the time of the restore. */
const stays: ReadonlySet<string> = new Set([
  'CAST',
  'TRANSFORM',
  'SERVER',
  'FOREIGN DATA WRAPPER',
  'USER MAPPING',
]);

const shown = 10;
/** A statement that helps is one, too. */
const longestWord = 600;

/**
 * What of the archive is restored into the temporary database, with notes on what is not.
 *
 * @param choice what of it was asked for; undefined: all
 * @param extensions names of those that the target has
 * @throws UsageError where tables of two schemas have one name; TargetRefused where the target lacks an extension
 */
export function chooseBeside(
  toc: Toc,
  { choice, manifest }: { readonly choice: Choice | undefined; readonly manifest: Pick<Manifest, 'tables'> },
  extensions: ReadonlySet<string>,
): Choice {
  const holds = choice?.holds ?? (() => true);
  refuseEqualNames(manifest.tables.filter(holds));
  const before = choice?.leaveOut ?? new Set<number>();
  const global = toc.entries.filter(
    ({ dumpId, type }) => inNoSchema[type] !== undefined && !before.has(dumpId),
  );
  const globalIds = new Set(global.map(({ dumpId }) => dumpId));
  const leaveOut = new Set([...before, ...globalIds, ...dependentsOf(toc, globalIds)]);
  for (const id of ofSchemas(toc, leaveOut)) leaveOut.delete(id);
  const taken = toc.entries.filter(({ dumpId }) => !leaveOut.has(dumpId));
  refuseLackingExtensions(taken, extensions);
  const words = [
    ...global.map(({ type }) => inNoSchema[type] ?? type),
    ...taken.filter(({ type }) => stays.has(type)).map(({ type }) => `${type.toLowerCase()}s`),
  ];
  const kinds = [...new Set(words)].sort();
  return {
    leaveOut,
    holds,
    notes: [
      ...(choice?.notes ?? []),
      ...(kinds.length === 0 ? [] : [`not brought, as they lie in no schema: ${kinds.join(', ')}`]),
    ],
    makes: [],
    inTheWay: [],
    sequenceSettings: [],
    notMade: choice?.notMade ?? [],
  };
}

/** Comment, grants and labels of the schemas that come: asked for by its name, a schema would come without. */
function ofSchemas({ entries }: Toc, leaveOut: ReadonlySet<number>): number[] {
  const schemas = new Set(
    entries
      .filter(({ type, dumpId }) => type === 'SCHEMA' && !leaveOut.has(dumpId))
      .map(({ dumpId }) => dumpId),
  );
  return entries
    .filter(
      ({ type, label, dependsOn }) =>
        ['COMMENT', 'ACL', 'SECURITY LABEL'].includes(type) &&
        label.startsWith('- SCHEMA ') &&
        dependsOn.some((id) => schemas.has(id)),
    )
    .map(({ dumpId }) => dumpId);
}

/** So many of them, each on one line. */
export function listed(words: readonly string[]): string {
  const more = words.length - shown;
  const kept = words.slice(0, shown).map((word) => oneLine(word, { limit: longestWord }));
  return `${kept.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function refuseEqualNames(tables: readonly { readonly schema: string; readonly name: string }[]): void {
  const first = new Map<string, (typeof tables)[number]>();
  for (const table of tables) {
    const other = first.get(table.name);
    if (other !== undefined && other.schema !== table.schema) {
      throw new UsageError({
        what: 'Two tables of one name cannot lie in one schema',
        got: `${labelOf(other)} and ${labelOf(table)}`,
        fix: 'Name one of them with its schema (--table SCHEMA.TABLE), and restore the other one into a schema of its own.',
      });
    }
    first.set(table.name, table);
  }
}

/** Extensions lie in no schema of ours, and a second one of the same name there cannot be: what needs one uses the target's. */
function refuseLackingExtensions(taken: readonly TocEntry[], there: ReadonlySet<string>): void {
  const lacking = taken.filter((entry) => entry.type === 'EXTENSION' && !there.has(extensionName(entry)));
  const ids = new Set(lacking.map(({ dumpId }) => dumpId));
  const isUser = ({ type, dependsOn }: TocEntry): boolean =>
    type !== 'COMMENT' && type !== 'EXTENSION' && dependsOn.some((id) => ids.has(id));
  const used = new Set(taken.filter(isUser).flatMap(({ dependsOn }) => dependsOn));
  const names = lacking.filter(({ dumpId }) => used.has(dumpId)).map(extensionName);
  if (names.length === 0) return;
  throw new TargetRefused({
    what: 'The database lacks extensions that are needed',
    got: names.join(', '),
    expected: 'the extensions that the tables use, as they lie in no schema of their own',
    fix: `Make them there: ${names.map((name) => `CREATE EXTENSION "${name}"`).join('; ')}.`,
  });
}
