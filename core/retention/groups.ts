/** Of which server and database a backup is. */
export type Identified = {
  /** As they are, not as they are encoded in keys. */
  readonly source: string;
  readonly database: string;
  /** Undefined where the backup does not say: made by an older version, or unreadable. */
  readonly systemIdentifier: string | undefined;
  readonly startedAt: Date;
};

/** The backups that retention looks at together (R1). */
export type Group<T extends Identified> = {
  readonly source: string;
  readonly database: string;
  /** Undefined where none of them says. */
  readonly systemIdentifier: string | undefined;
  readonly backups: readonly T[];
};

/**
 * Backups by source, database and cluster, all compared exactly: `app` is not `App`, and `app/x` no part of `app`.
 *
 * One that does not say of which cluster it is belongs to the one backed up before it, under its names; those before any
 * that says, to the oldest. So the backups of older versions stay with the server they are of, and one that cannot be read
 * is told of the server that runs now.
 */
export function groupsOf<T extends Identified>(backups: readonly T[]): Group<T>[] {
  return groupedBy(backups, ({ source, database }) => JSON.stringify([source, database])).flatMap(clustersOf);
}

/** @param backups of one source and database */
function clustersOf<T extends Identified>(backups: readonly T[]): Group<T>[] {
  // What has no time that can be read is as if it were the oldest.
  const timeOf = ({ startedAt }: T): number => {
    const time = startedAt.getTime();
    return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
  };
  const oldestFirst = backups.toSorted(
    (a, b) =>
      compare(timeOf(a), timeOf(b)) || compare(a.systemIdentifier ?? last, b.systemIdentifier ?? last),
  );
  let current = oldestFirst.find(({ systemIdentifier }) => systemIdentifier !== undefined)?.systemIdentifier;
  const placed = oldestFirst.map((backup) => {
    current = backup.systemIdentifier ?? current;
    return { backup, systemIdentifier: current };
  });
  return groupedBy(placed, ({ systemIdentifier }) => systemIdentifier ?? '').flatMap((cluster) => {
    const [first] = cluster;
    if (first === undefined) return [];
    const { source, database } = first.backup;
    const { systemIdentifier } = first;
    return [{ source, database, systemIdentifier, backups: cluster.map(({ backup }) => backup) }];
  });
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** After every identifier, which are digits. */
const last = 'none';

const compare = <T extends number | string>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);
