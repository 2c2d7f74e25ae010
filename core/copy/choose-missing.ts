import { clustersOf, decideOnCluster } from '../inventory/clusters.ts';
import { isBeingPruned, type ListEntry, newestFirst } from '../inventory/entry.ts';
import { formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { Line, Policy } from '../retention/shapes.ts';
import type { CopyLeft } from './request.ts';

export type Choice = {
  /** To be copied, the newest first. */
  readonly missing: readonly ListEntry[];
  readonly left: readonly CopyLeft[];
};

/**
 * Which backups of one database are to be copied: those that are not there, but for what the other store would lose again.
 * Retention looks at both stores together, as if all were copied already: a backup is chosen where it would stay.
 *
 * @param from of one source and database, all of them; so is `to`
 * @param policy of the other store; undefined: everything stays there
 * @param removed ids that prune took away there
 */
export function chooseMissing(
  from: readonly ListEntry[],
  to: readonly ListEntry[],
  {
    policy,
    removed,
    now,
  }: { readonly policy: Policy | undefined; readonly removed: ReadonlySet<string>; readonly now: Date },
): Choice {
  const there = new Set(to.map(({ id }) => formatId(id)));
  const absent = from.filter(({ id }) => !there.has(formatId(id)));
  const lines = policy === undefined ? undefined : linesOf([...to, ...absent], policy, now);
  const missing: ListEntry[] = [];
  const left: CopyLeft[] = [];
  for (const entry of [...absent].sort(newestFirst)) {
    const id = formatId(entry.id);
    const why = removed.has(id) ? 'removed' : whyLeft(entry, lines?.get(id));
    if (why === undefined) missing.push(entry);
    else left.push({ id, why });
  }
  return { missing, left };
}

function linesOf(entries: readonly ListEntry[], policy: Policy, now: Date): ReadonlyMap<string, Line> {
  const lines = clustersOf(entries).flatMap((cluster) => decideOnCluster(cluster, policy, now).lines);
  return new Map(lines.map((line) => [line.id, line]));
}

function whyLeft(entry: ListEntry, line: Line | undefined): CopyLeft['why'] | undefined {
  const { summary, verification } = entry;
  if (isBeingPruned(entry)) return 'pruned';
  if (summary instanceof Unreadable) return 'unreadable';
  if (
    verification !== undefined &&
    !(verification instanceof Unreadable) &&
    verification.verdict === 'failed'
  )
    return 'failed';
  return line === undefined || isWanted(line) ? undefined : 'no-rule';
}

/**
 * Whether a rule, a person or its age keeps it. Where prune deletes nothing at all, because the newest is bad or the clock
 * is wrong, that is no reason to copy years of what no rule keeps.
 */
function isWanted({ action, reasons }: Line): boolean {
  return action === 'keep' && reasons.some(({ kind }) => kind !== 'newest-bad' && kind !== 'clock');
}
