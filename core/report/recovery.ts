import type { RecoveryPoint, RecoveryTime } from './document.ts';

/** A backup that counts: of when its rows are, and since when there is something to restore. In milliseconds. */
export type Counted = { readonly startedAt: number; readonly finishedAt: number };

/** A stretch of time in which the newest backup is the same: how old it is at its beginning, and for how long. */
type Stretch = { readonly at: number; readonly age: number; readonly length: number };

/**
 * How old the newest backup that counts was, from one moment to another: of a straight line per backup, the value that
 * half of the time was below, and the highest.
 *
 * @param counted in any order, also of before
 * @returns undefined where there was none in all that time
 */
export function recoveryPoint(
  counted: readonly Counted[],
  from: number,
  until: number,
): RecoveryPoint | undefined {
  const { stretches, withoutAny } = stretchesOf(counted, from, until);
  const [first] = stretches;
  const last = stretches.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const worst = stretches.reduce((most, one) => (endOf(one) > endOf(most) ? one : most), first);
  return {
    medianSeconds: rounded(medianAge(stretches)),
    worst: { at: iso(worst.at + worst.length), seconds: rounded(endOf(worst)) },
    atEndSeconds: rounded(endOf(last)),
    withoutAnySeconds: rounded(withoutAny),
  };
}

function stretchesOf(
  counted: readonly Counted[],
  from: number,
  until: number,
): { readonly stretches: readonly Stretch[]; readonly withoutAny: number } {
  const finished = [...counted].sort((one, other) => one.finishedAt - other.finishedAt);
  const stretches: Stretch[] = [];
  let newest: number | undefined;
  let at = from;
  let withoutAny = 0;
  const goTo = (time: number): void => {
    if (time <= at) return;
    if (newest === undefined) withoutAny += time - at;
    else stretches.push({ at, age: at - newest, length: time - at });
    at = time;
  };
  for (const { startedAt, finishedAt } of finished) {
    if (finishedAt > until) break;
    // One that took longer than the next is no newer for being finished later.
    if (newest !== undefined && startedAt <= newest) continue;
    goTo(finishedAt);
    newest = startedAt;
  }
  goTo(until);
  return { stretches, withoutAny };
}

const endOf = ({ age, length }: Stretch): number => age + length;

/** By halving: how much of the time was below an age grows with it. */
function medianAge(stretches: readonly Stretch[]): number {
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  const below = (limit: number): number =>
    stretches.reduce((sum, { age, length }) => sum + Math.min(length, Math.max(0, limit - age)), 0);
  let low = 0;
  let high = stretches.reduce((most, one) => Math.max(most, endOf(one)), 0);
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (below(middle) * 2 < total) low = middle;
    else high = middle;
  }
  return high;
}

export type Measured = { readonly backup: string; readonly at: string; readonly seconds: number };

/** Of restores that were measured, in any order; undefined of none. */
export function recoveryTime(measured: readonly Measured[]): RecoveryTime | undefined {
  const [first] = measured;
  if (first === undefined) return undefined;
  const sorted = measured.map(({ seconds }) => seconds).sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  return {
    proofs: measured.length,
    last: measured.reduce((newest, one) => (one.at > newest.at ? one : newest), first),
    medianSeconds: Math.round(median * 1_000) / 1_000,
    worst: measured.reduce((most, one) => (one.seconds > most.seconds ? one : most), first),
  };
}

const rounded = (milliseconds: number): number => Math.round(milliseconds / 1_000);
const iso = (time: number): string => new Date(time).toISOString();
