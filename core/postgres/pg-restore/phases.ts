import type { Toc, TocEntry } from '../archive/toc.ts';

/** The entries of an archive in the order of their restore, by dump id. */
export type Phases = {
  /** What is made before the first rows are loaded; empty where there are no rows. */
  readonly definitions: readonly number[];
  /** The rows themselves, large objects, what sequences are set to. */
  readonly rows: readonly number[];
  /** Indexes, constraints, triggers, grants, materialized views; everything where there are no rows. */
  readonly after: readonly number[];
  /** Event triggers with their comments: in force they would act on the restore itself. */
  readonly eventTriggers: readonly number[];
};

/** What stands in the data section and nowhere else (pg_dump.c, SECTION_DATA); statistics stand among indexes too. */
const dataTypes: ReadonlySet<string> = new Set(['TABLE DATA', 'BLOBS', 'SEQUENCE SET']);

/** What pg_restore itself leaves to the end, wherever the archive lists it (RestorePass in pg_backup_archiver.c). */
const late: ReadonlySet<string> = new Set(['ACL', 'ACL LANGUAGE', 'DEFAULT ACL', 'MATERIALIZED VIEW DATA']);

/** What is restored when: one pg_restore for all of it would do the same in the same order, but for event triggers. */
export function phasesOf({ entries }: Toc, leaveOut: ReadonlySet<number> = new Set()): Phases {
  const wanted = entries.filter(({ dumpId }) => !leaveOut.has(dumpId));
  const eventTriggers = new Set(
    entries.filter(({ type }) => type === 'EVENT TRIGGER').map(({ dumpId }) => dumpId),
  );
  const isOfEventTrigger = ({ dumpId, dependsOn }: TocEntry): boolean =>
    eventTriggers.has(dumpId) || dependsOn.some((id) => eventTriggers.has(id));
  const others = wanted.filter((entry) => !isOfEventTrigger(entry));
  const isData = ({ type }: TocEntry): boolean => dataTypes.has(type);
  const first = others.findIndex(isData);
  const last = others.findLastIndex(isData);
  // Grants on the database itself are the business of the pg_restore that makes it.
  const isLate = ({ type, label }: TocEntry): boolean => late.has(type) && !label.startsWith('- DATABASE ');
  const within = (from: number, to: number): number[] =>
    others
      .slice(from, to)
      .filter((entry) => !isLate(entry))
      .map(idOf);
  const before = within(0, Math.max(first, 0));
  const rows = within(Math.max(first, 0), last + 1);
  const taken = new Set([...before, ...rows]);
  return {
    definitions: before,
    rows,
    after: others.map(idOf).filter((id) => !taken.has(id)),
    eventTriggers: wanted.filter(isOfEventTrigger).map(idOf),
  };
}

function idOf({ dumpId }: TocEntry): number {
  return dumpId;
}
