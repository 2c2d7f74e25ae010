import type { FailedRun, Report, ReportedDatabase } from './document.ts';
import { type DatabaseFacts, reportOn } from './one-database.ts';
import type { Period } from './period.ts';

/** One database's part, and what is needed of it once all others are known. */
export type Part = {
  readonly report: Omit<ReportedDatabase, 'vanished'>;
  readonly lastAt: number;
  readonly lastId: string;
  readonly unreadable: Report['unreadable'];
};

/** What is kept of a database while others are read. */
export function partOf(facts: DatabaseFacts, period: Period): Part {
  const { lastAt, lastId, backups } = facts;
  return {
    report: reportOn(facts, period),
    lastAt,
    lastId,
    unreadable: backups.flatMap(({ unreadable }) => unreadable),
  };
}

/** Puts a report together. */
export function composeReport(
  found: {
    readonly parts: readonly Part[];
    readonly failedRuns: readonly FailedRun[];
    /** Beside what lies in backups. */
    readonly unreadable: Report['unreadable'];
    /** Whether every folder could be looked into: in another one there may be databases, and gaps in them. */
    readonly isWhole: boolean;
  },
  about: {
    readonly period: Period;
    readonly madeAt: Date;
    readonly madeBy: Report['madeBy'];
    readonly store: string;
    readonly only: Report['only'];
  },
): Report {
  const { period, madeAt, madeBy, store, only } = about;
  const latest = latestOfSources(found.parts);
  const databases = found.parts.map(
    (part): ReportedDatabase => ({
      ...part.report,
      vanished: vanishedOf(part, latest),
    }),
  );
  const unreadable = [...found.parts.flatMap((part) => part.unreadable), ...found.unreadable].sort(
    (one, other) => (one.key < other.key ? -1 : 1),
  );
  const sum = (count: (one: ReportedDatabase) => number): number =>
    databases.reduce((all, one) => all + count(one), 0);
  const gapDays = sum(({ gaps }) => gaps.days.length);
  return {
    formatVersion: 1,
    month: period.month,
    timeZone: period.timeZone,
    from: iso(period.from),
    to: iso(period.to),
    until: iso(period.until),
    complete: period.isOver,
    madeAt: madeAt.toISOString(),
    madeBy,
    store,
    only,
    totals: {
      databases: databases.length,
      backups: sum(({ backups }) => backups.length),
      good: sum(({ backups }) => backups.filter(({ good }) => good).length),
      proofs: sum(({ proofs }) => proofs.length),
      gapDays,
      failedRuns: found.failedRuns.length,
      unreadable: unreadable.length,
    },
    hasGaps:
      databases.length === 0 ||
      gapDays > 0 ||
      !found.isWhole ||
      databases.some(({ vanished }) => vanished !== null),
    isWhole: found.isWhole,
    databases,
    failedRuns: [...found.failedRuns],
    unreadable,
  };
}

/** Databases of one run do not begin at once, nor every night at the same minute. */
const aheadMs = 36 * 3_600_000;

/** When each source was backed up last, whichever database. */
function latestOfSources(parts: readonly Part[]): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const { report, lastAt } of parts)
    latest.set(report.source, Math.max(lastAt, latest.get(report.source) ?? lastAt));
  return latest;
}

function vanishedOf(
  { report, lastAt, lastId }: Part,
  latest: ReadonlyMap<string, number>,
): ReportedDatabase['vanished'] {
  const othersUntil = latest.get(report.source) ?? lastAt;
  return othersUntil - lastAt > aheadMs ? { lastBackup: lastId, othersUntil: iso(othersUntil) } : null;
}

const iso = (time: number): string => new Date(time).toISOString();
