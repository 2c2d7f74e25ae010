import { messageOf } from '../errors.ts';
import { isBeingPruned } from '../inventory/entry.ts';
import { formatId, keyOf } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { prunedName } from '../manifest/pruned.ts';
import type { Policy } from '../retention/shapes.ts';
import { StoreUnusable } from '../store/store.ts';
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
 * @returns its groups with what became of each backup, and why it could not be remembered, where it could not
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
): Promise<{ readonly groups: readonly GroupReport[]; readonly unrecorded: string | undefined }> {
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
  let unrecorded: string | undefined;
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
      unrecorded = await writeRecord(store, decided, {
        before: decided.record,
        policy,
        now,
        removed: removed(),
      }).then(() => undefined, unwritten);
  }
  const groups = decided.groups.map((group) => ({
    ...group,
    lines: group.lines.map((line) => ({ ...line, outcome: outcomes.get(line.id) })),
  }));
  return { groups, unrecorded };
}

/** A folder that nobody may write in keeps no other database from its turn, and what went is told all the same. */
function unwritten(error: unknown): string {
  if (error instanceof StoreUnusable && error.isOfObject) return messageOf(error);
  throw error;
}
