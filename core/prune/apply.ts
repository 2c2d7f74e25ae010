import { isBeingPruned } from '../inventory/entry.ts';
import { formatId, keyOf } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { prunedName } from '../manifest/pruned.ts';
import type { Policy } from '../retention/shapes.ts';
import type { DecidedDatabase } from './decide-on.ts';
import { writeRecord } from './record.ts';
import { type Doomed, removeBackups } from './remove-backups.ts';
import type { GroupReport, Outcome } from './report.ts';
import type { PruneRequest } from './request.ts';

/** How many backups go together: a request to S3 takes a thousand keys, and a kill leaves no more than these half gone. */
const removedAtOnce = 200;

/**
 * Deletes what was decided to go of one database, and remembers it.
 *
 * @param onRemoved is told how many more went, or were tried to
 * @returns its groups with what became of each backup
 */
export async function applyTo(
  decided: DecidedDatabase,
  {
    store,
    policy,
    now,
    signal,
    onRemoved,
  }: Pick<PruneRequest, 'store' | 'signal'> & {
    readonly policy: Policy;
    readonly now: Date;
    readonly onRemoved: (count: number) => void;
  },
): Promise<GroupReport[]> {
  const goes = new Set(
    decided.groups.flatMap(({ lines }) =>
      lines.filter(({ action }) => action === 'remove').map(({ id }) => id),
    ),
  );
  const doomed = decided.entries
    .filter(({ id }) => goes.has(formatId(id)))
    .map(
      ({ id, summary }): Doomed => ({
        id,
        manifestSha256: summary instanceof Unreadable ? undefined : summary.manifest.sha256,
      }),
    );
  const outcomes = new Map<string, Outcome>();
  const removed = (): string[] => [...outcomes].filter(([, { kind }]) => kind === 'gone').map(([id]) => id);
  try {
    for (let at = 0; at < doomed.length; at += removedAtOnce) {
      const some = doomed.slice(at, at + removedAtOnce);
      for (const [id, outcome] of await removeBackups(some, { store, now, signal }))
        outcomes.set(id, outcome);
      onRemoved(some.length);
    }
    // Begun by a run that was cut off before the manifest went, and wanted again since.
    const wanted = decided.entries.filter((entry) => isBeingPruned(entry) && !goes.has(formatId(entry.id)));
    await store.remove(
      wanted.map(({ id }) => keyOf(id, prunedName)),
      { signal },
    );
  } finally {
    if (decided.groups.some(({ refusal }) => refusal === undefined))
      await writeRecord(store, decided, { before: decided.record, policy, now, removed: removed() });
  }
  return decided.groups.map((group) => ({
    ...group,
    lines: group.lines.map((line) => ({ ...line, outcome: outcomes.get(line.id) })),
  }));
}
