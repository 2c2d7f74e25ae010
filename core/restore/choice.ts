import type { Manifest, TableRows } from '../manifest/manifest.ts';
import { asListed, isLabelOf } from '../postgres/archive/entry-label.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';
import type { ArchiveEntries } from './archive-entries.ts';
import { relationTypes } from './entry-links.ts';
import type { InTheWay } from './in-the-way.ts';
import type { TargetHas } from './select-entries.ts';
import type { MadeRelation } from './what-to-drop.ts';

/** What a restore of some tables or schemas takes of an archive. */
export type Choice = {
  /** The entries that it leaves out, by dump id. */
  readonly leaveOut: ReadonlySet<number>;
  /** Whether it brings this table's rows. */
  readonly holds: (table: TableRows) => boolean;
  /** What people should know of it. */
  readonly notes: readonly string[];
  /** What the target had not, and has then. */
  readonly makes: readonly MadeRelation[];
  /** What of the target has names that the restore needs: nothing can be made before they are free. */
  readonly inTheWay: readonly InTheWay[];
  /** Of sequences that the target has and that are used: the archive's statements that set them. */
  readonly sequenceSettings: readonly string[];
  /** What was asked for and is left out, as it cannot be made: where a restore keeps going. */
  readonly notMade: readonly RestoreProblem[];
};

/** What a selection of entries comes to. */
export function choiceOf(
  { tables }: Manifest,
  { entries, described, links }: ArchiveEntries,
  chosen: {
    readonly selected: ReadonlySet<number>;
    /** The target whose sequences are set, and never made. */
    readonly settings: TargetHas;
    readonly used?: ReadonlySet<number> | undefined;
    /** Tables whose rows cannot be told from others'. */
    readonly uncompared?: ReadonlySet<number> | undefined;
  },
): Choice {
  const { selected, settings, used, uncompared } = chosen;
  const held = new Set<string>();
  const makes: MadeRelation[] = [];
  const sequenceSettings: string[] = [];
  const leaveOut = new Set<number>();
  for (const { dumpId, type, label } of entries) {
    const owner = links.ownerOf(dumpId);
    const isOfUsed = owner !== undefined && type === 'SEQUENCE SET' && settings.has(owner);
    if (isOfUsed && (selected.has(dumpId) || used?.has(owner)))
      sequenceSettings.push(described.get(dumpId)?.sql ?? '');
    if (!selected.has(dumpId) || isOfUsed) {
      leaveOut.add(dumpId);
      continue;
    }
    const names = described.get(dumpId);
    if (names !== undefined && relationTypes.has(type))
      makes.push({ type, schema: names.schema, name: names.name });
    if (type !== 'TABLE DATA') continue;
    const table = owner === undefined ? tables.find((one) => isLabelOf(label, one)) : described.get(owner);
    if (table !== undefined && !uncompared?.has(owner ?? -1)) held.add(keyOf(table));
  }
  return {
    leaveOut,
    holds: (table) => held.has(keyOf(table)),
    notes: [],
    makes,
    inTheWay: [],
    sequenceSettings,
    notMade: [],
  };
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${asListed(schema)}\n${asListed(name)}`;
}
