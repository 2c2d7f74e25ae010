import { type Level, levels, type Verdict } from '../vocabulary.ts';
import { isPass, type PastRun, reachedBy, type Verification } from './verification.ts';

/** How many of the runs that are not in force are kept. A document stays small, whoever verifies every hour. */
export const historyLimit = 50;

/**
 * The document with one more run in it: which verdict is in force, how deep the backup was passed whole, and the history.
 *
 * The latest that decided is in force. A pass replaces a failure only at its level or deeper, and a pass only if it says
 * as much; a failure always replaces; what could not be decided replaces nothing that was. A run that began before the one
 * in force was only written later, and does not outdo its equal.
 *
 * @param before what lies beside the manifest and counts; `undefined` where nothing does
 * @param setAside runs that say nothing about this manifest and are only kept, the newest first
 */
export function withRun(
  before: Verification | undefined,
  run: Verification,
  setAside: readonly PastRun[] = [],
): Verification {
  if (before === undefined) return document(run, reachedBy(run), setAside);
  const isInForce = comesIntoForce(before, run);
  const [inForce, other] = isInForce ? [run, before] : [before, run];
  const past = [pastRun(other), ...(before.history ?? []), ...setAside];
  return document(inForce, reachedTogether(before, run, isInForce), past);
}

/** A document as a run of the history. */
export function pastRun(run: Verification): PastRun {
  const { startedAt, finishedAt, level, verdict, without, manifestSha256, timings, checks } = run;
  return {
    startedAt,
    finishedAt,
    level,
    verdict,
    ...(without === undefined ? {} : { without }),
    reached: reachedBy(run),
    ...(manifestSha256 === undefined ? {} : { manifestSha256 }),
    ...(timings === undefined ? {} : { timings }),
    notPassed: checks.filter(({ status }) => status !== 'passed'),
  };
}

function document(
  { history: _, ...run }: Verification,
  reached: Level | null,
  past: readonly PastRun[],
): Verification {
  const history = capped(
    [...past].sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt)),
  );
  return { ...run, reached, ...(history.length > 0 ? { history } : {}) };
}

/** The oldest go first, but those that failed after all others: one may not be mended yet, and must not be forgotten. */
function capped(history: readonly PastRun[]): PastRun[] {
  const surplus = history.length - historyLimit;
  if (surplus <= 0) return [...history];
  const spare = history.filter(({ verdict }) => verdict !== 'failed');
  const dropped = new Set(spare.slice(Math.max(0, spare.length - surplus)));
  return history.filter((run) => !dropped.has(run)).slice(0, historyLimit);
}

function comesIntoForce(before: Verification, run: Verification): boolean {
  if (run.verdict === 'failed') return true;
  const isOlder = Date.parse(run.startedAt) < Date.parse(before.startedAt);
  if (!isPass(run.verdict)) return before.verdict === 'unverifiable' && !isOlder;
  if (before.verdict === 'unverifiable') return true;
  if (before.verdict === 'failed')
    return !isOlder && depth(run.level) >= deepestFailure(before, run.manifestSha256);
  const more = strength(run) - strength(before);
  return more > 0 || (more === 0 && !isOlder);
}

/**
 * The level at which a pass mends a failed backup: that of the failure in force, or of one that it took the place of. A
 * failure by restore and then one by checksum are not both mended by reading the bytes.
 */
function deepestFailure({ level, history = [] }: Verification, manifestSha256: string | undefined): number {
  const isOfOther = (past: PastRun): boolean =>
    past.manifestSha256 !== undefined && past.manifestSha256 !== manifestSha256;
  const open = history.filter((past, index) => {
    if (past.verdict !== 'failed' || isOfOther(past)) return false;
    const newer = history.slice(0, index);
    return !newer.some((one) => isPass(one.verdict) && depth(one.level) >= depth(past.level));
  });
  return open.reduce((deepest, past) => Math.max(deepest, depth(past.level)), depth(level));
}

/** How deep the backup was passed whole, after both. A failure starts anew; nothing else takes away what was reached. */
function reachedTogether(before: Verification, run: Verification, isInForce: boolean): Level | null {
  if (run.verdict === 'failed') return reachedBy(run);
  if (before.verdict === 'failed') return reachedBy(isInForce ? run : before);
  return levels[Math.max(depthReached(before), depthReached(run))] ?? null;
}

function depth(level: Level): number {
  return levels.indexOf(level);
}

/** -1 where no level was passed. */
function depthReached(run: Verification): number {
  const reached = reachedBy(run);
  return reached === null ? -1 : depth(reached);
}

/** How much a pass says; a proof of all says more than one that leaves something out. */
function strength({ verdict, level }: { readonly verdict: Verdict; readonly level: Level }): number {
  return depth(level) + (verdict === 'proven' ? 1 : 0);
}
