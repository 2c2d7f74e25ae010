import type { Toc, TocEntry } from '../postgres/archive/toc.ts';
import type { EntryLinks } from './entry-links.ts';

/** Never restored just because something else needs it: what holds rows, and what acts on a whole database. */
const independent: ReadonlySet<string> = new Set([
  'TABLE',
  'FOREIGN TABLE',
  'MATERIALIZED VIEW',
  'PUBLICATION',
  'SUBSCRIPTION',
  'EVENT TRIGGER',
]);

/** Comes with a table only where all that it names comes too: it would be checked against rows that are not the backup's. */
const ofSeveral: ReadonlySet<string> = new Set(['FK CONSTRAINT', 'PUBLICATION TABLE']);

/** Of the archive itself, and of the database, which a selection never makes. */
const ofArchive: ReadonlySet<string> = new Set([
  'ENCODING',
  'STDSTRINGS',
  'SEARCHPATH',
  'DATABASE',
  'DATABASE PROPERTIES',
]);

/** What is there before, and what can be had there. An empty database has nothing, and all can be had. */
export type TargetHas = {
  readonly has: (dumpId: number) => boolean;
  /** Whether the server offers the extension of this entry. */
  readonly offers: (dumpId: number) => boolean;
};

export const emptyTarget: TargetHas = { has: () => false, offers: () => true };

/** An entry that cannot be made, and the nearest of what it lacks. */
export type Lacking = { readonly dumpId: number; readonly lacks: number };

export type EntrySelection = {
  /** The entries that are restored. */
  readonly selected: ReadonlySet<number>;
  /** What was asked for, or comes with it, and cannot be made. */
  readonly lacking: readonly Lacking[];
  /** Foreign keys and their like between what comes and what stays away. */
  readonly apart: readonly Lacking[];
  /** Of what was asked for or is needed, what the target has: it is used as it is. */
  readonly used: ReadonlySet<number>;
};

/** The entries of an archive without what a selection is never about. */
export function selectable({ entries }: Pick<Toc, 'entries'>): TocEntry[] {
  return entries.filter(({ type, label }) => !ofArchive.has(type) && !label.startsWith('- DATABASE '));
}

/**
 * The entries of a table of contents that a restore of only some objects takes: those that were asked for, what belongs to
 * them, and what they need where the target has not got it. A table's rows come with the table, and never otherwise.
 *
 * @param chosen what was asked for
 * @param excluded what stays away, whoever needs it
 */
export function selectEntries(
  toc: Pick<Toc, 'entries'>,
  links: EntryLinks,
  request: {
    readonly chosen: ReadonlySet<number>;
    readonly excluded: ReadonlySet<number>;
    readonly target: TargetHas;
  },
): EntrySelection {
  const { chosen, excluded, target } = request;
  const { ownerOf, needsOf, standsAlone } = links;
  const byId = new Map(toc.entries.map((entry) => [entry.dumpId, entry]));
  const typeOf = (id: number): string => byId.get(id)?.type ?? '';
  const known = new Map<number, number | undefined>();
  /** The nearest thing for lack of which it will not be there; undefined where it will. */
  const lackOf = (id: number): number | undefined => {
    if (known.has(id)) return known.get(id);
    // What needs itself by way of others, as a type and its functions, lacks nothing by that.
    known.set(id, undefined);
    const lack = target.has(id) ? undefined : findLack(id);
    known.set(id, lack);
    return lack;
  };
  const findLack = (id: number): number | undefined => {
    const type = typeOf(id);
    if (excluded.has(id)) return id;
    if (independent.has(type) && !chosen.has(id)) return id;
    if (type === 'EXTENSION' && !target.offers(id)) return id;
    const owner = ownerOf(id);
    if (owner !== undefined && !standsAlone(id)) {
      const lack = lackOf(owner);
      if (lack !== undefined) return lack;
    }
    for (const need of needsOf(id)) {
      const lack = lackOf(need);
      if (lack !== undefined) return lack;
    }
    return undefined;
  };
  const selected = new Set<number>();
  const used = new Set<number>();
  const lacking = new Map<number, number>();
  const apart = new Map<number, number>();
  const pending: number[] = [];
  const take = (id: number): void => {
    if (selected.has(id) || used.has(id) || lacking.has(id)) return;
    const lack = lackOf(id);
    if (lack !== undefined) lacking.set(id, lack);
    else if (target.has(id)) used.add(id);
    else {
      selected.add(id);
      pending.push(id);
    }
  };
  for (const id of chosen) {
    const owner = ownerOf(id);
    // Chosen as all of a schema is: what belongs to something comes with that, or not at all.
    if (owner === undefined || standsAlone(id) || typeOf(id) === 'SEQUENCE') take(id);
  }
  const belongings = new Map<number, number[]>();
  for (const { dumpId } of toc.entries) {
    const owner = ownerOf(dumpId);
    if (owner !== undefined) belongings.set(owner, [...(belongings.get(owner) ?? []), dumpId]);
  }
  const takeAlong = (): void => {
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      for (const own of belongings.get(id) ?? [])
        if (!excluded.has(own) && !ofSeveral.has(typeOf(own))) take(own);
      // What belongs to a table that is there is there with it.
      for (const need of needsOf(id)) if (ownerOf(need) === undefined || standsAlone(need)) take(need);
    }
  };
  takeAlong();
  for (const { dumpId, type } of toc.entries) {
    if (!ofSeveral.has(type) || excluded.has(dumpId)) continue;
    const all = [ownerOf(dumpId), ...needsOf(dumpId)].filter((one) => one !== undefined);
    const tables = all.filter((one) => ['TABLE', 'FOREIGN TABLE', 'PUBLICATION'].includes(typeOf(one)));
    const away = tables.find((one) => !selected.has(one));
    if (!tables.some((one) => selected.has(one))) continue;
    if (away === undefined) take(dumpId);
    else apart.set(dumpId, away);
  }
  takeAlong();
  const listed = (found: ReadonlyMap<number, number>): Lacking[] =>
    [...found].map(([dumpId, lacks]) => ({ dumpId, lacks }));
  return { selected, lacking: listed(lacking), apart: listed(apart), used };
}
