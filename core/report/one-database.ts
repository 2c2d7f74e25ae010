import { measuredRestore, recoverySeconds } from '../manifest/timings.ts';
import type { ReportedDatabase, ReportedProof } from './document.ts';
import { gapsOf } from './gaps.ts';
import { type BackupFacts, isWithin } from './one-backup.ts';
import type { Period } from './period.ts';
import { type Measured, recoveryPoint, recoveryTime } from './recovery.ts';

/** What was found of one database. */
export type DatabaseFacts = {
  readonly source: string;
  readonly database: string;
  /**
   * Those of the month, those of before that were verified in it, and from before as many of the newest as it takes to one
   * that counts and was finished; in any order.
   */
  readonly backups: readonly BackupFacts[];
  /** When its first backup that is known of began, and its last before the month's end or now, there or not. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly lastId: string;
  /** Those that a run recorded or prune removed, and that are not there any more. */
  readonly gone: readonly Gone[];
  /** Since when prune can tell what it removed; undefined where it forgot nothing yet. */
  readonly rememberedSince?: number | undefined;
};

export type Gone = {
  readonly id: string;
  readonly startedAt: number;
  readonly removedByPrune: boolean;
};

/** What a report says of one database, but for others of its source. */
export function reportOn(facts: DatabaseFacts, period: Period): Omit<ReportedDatabase, 'vanished'> {
  const { source, database, backups, firstAt, gone, rememberedSince } = facts;
  const { from, until } = period;
  const inOrder = [...backups].sort((one, other) => one.startedAt - other.startedAt);
  const ofMonth = inOrder.filter(({ startedAt }) => isWithin(startedAt, period));
  const proofs = inOrder
    .flatMap((one) => one.proofs)
    .sort((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
  const begun = inOrder
    .filter(({ startedAt }) => startedAt < until)
    .map(({ startedAt, backup }) => ({ startedAt, counts: backup.counts }));
  const removed = gone.filter(({ removedByPrune }) => removedByPrune).map(({ startedAt }) => startedAt);
  const counted = inOrder.filter(({ backup }) => backup.counts);
  return {
    source,
    database,
    backups: ofMonth.map(({ backup }) => backup),
    proofs,
    gaps: gapsOf(begun, period, firstAt, removed),
    recoveryTime: recoveryTime(proofs.flatMap((proof) => measuredBy(proof) ?? [])) ?? null,
    recoveryPoint: recoveryPoint(counted, Math.max(from, Math.min(firstAt, until)), until) ?? null,
    gone: gone
      .filter(({ startedAt }) => isWithin(startedAt, period))
      .map(({ id, removedByPrune }) => ({ id, removedByPrune })),
    rememberedSince:
      rememberedSince === undefined || rememberedSince <= from
        ? null
        : new Date(rememberedSince).toISOString(),
    restsOn: inOrder.map(({ restsOn }) => restsOn),
  };
}

function measuredBy({ backup, timings, ofOtherManifest, ...run }: ReportedProof): Measured | undefined {
  if (ofOtherManifest || timings === null) return undefined;
  const measured = measuredRestore({ ...run, timings });
  if (measured === undefined) return undefined;
  const seconds = Math.round(recoverySeconds(measured.timings) * 1_000) / 1_000;
  return { backup, at: run.finishedAt, seconds };
}
