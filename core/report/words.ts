import { formatDuration, plural } from '../text/units.ts';
import type { Report, ReportedBackup, ReportedDatabase } from './document.ts';

/*
 * What of a report is said in the same words on a page and on a terminal.
 */

/** What the verdict in force says, and how deep it goes. */
export function verdictOf({ verdict, level, reached }: ReportedBackup): string {
  if (verdict === null) return 'not verified';
  const isTold = verdict === 'unverifiable' && reached !== null;
  return `${verdict} (${level})${isTold ? `, reached ${reached}` : ''}`;
}

/** How good a backup is, as colours go: one that counts, one that is bad, one to look at. */
export function standingOf({ counts, verdict }: ReportedBackup): 'good' | 'bad' | 'look' {
  if (counts && verdict !== 'unverifiable') return 'good';
  return verdict === 'failed' ? 'bad' : 'look';
}

/** Days and hours; formatDuration has hours at the most. */
export function longTime(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 1) return `${Math.floor(seconds / 60)} min`;
  if (hours < 48) return `${hours} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function recoveryTimeText({ recoveryTime }: Pick<ReportedDatabase, 'recoveryTime'>): string {
  if (recoveryTime === null) return 'not measured';
  const { last, medianSeconds, worst, proofs } = recoveryTime;
  const [newest, median, most] = [last.seconds, medianSeconds, worst.seconds].map(formatDuration);
  return `last ${newest}, median ${median}, worst ${most}, of ${plural(proofs, 'restore')}`;
}

export function recoveryPointText({ recoveryPoint }: Pick<ReportedDatabase, 'recoveryPoint'>): string {
  if (recoveryPoint === null) return 'none: no backup counted in all this time';
  const { medianSeconds, worst, withoutAnySeconds } = recoveryPoint;
  const none = withoutAnySeconds === 0 ? '' : `; ${longTime(withoutAnySeconds)} without any`;
  return `median ${longTime(medianSeconds)}, worst ${longTime(worst.seconds)}${none}`;
}

/**
 * What prune took of the month makes gaps and recovery point look worse than they were; undefined where it took nothing that
 * is known, or can be.
 */
export function takenText({
  gone,
  rememberedSince,
}: Pick<ReportedDatabase, 'gone' | 'rememberedSince'>): string | undefined {
  const count = gone.filter(({ removedByPrune }) => removedByPrune).length;
  if (count === 0 && rememberedSince === null) return undefined;
  const told = [
    ...(count === 0 ? [] : [`prune removed ${plural(count, 'backup')} of the month`]),
    ...(rememberedSince === null ? [] : [`what prune removed before ${rememberedSince} nobody remembers`]),
  ];
  return `${told.join(', and ')}: gaps and recovery point are of those that are left`;
}

/** `2026-11-03 to 2026-11-05`, a text per run of days. */
export function dayRuns(days: readonly string[]): string[] {
  const runs: { first: string; last: string }[] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && dayAfter(run.last) === day) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first} to ${last}`));
}

/** Of days as calendars count them there is no zone. */
function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** What there is to know of how the report was made. */
export function scopeText({ complete, month, timeZone, totals }: Report): string {
  const state = complete ? 'the whole month' : 'so far: the month is not over';
  const none = totals.backups === 0 ? ' No backup was taken in it.' : '';
  return `${month} in ${timeZone}, ${state}.${none}`;
}
