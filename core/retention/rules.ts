import { type PeriodRule, periodLabel, periodRules, periodStart, spanAfter, spanBefore } from './calendar.ts';
import type { Outlook } from './outlook.ts';
import type { Count, Policy, Reason, RetainedBackup } from './shapes.ts';

/** What is kept, and why: a reason for a backup. */
export type Kept = { readonly id: string; readonly reason: Reason };

type RuleReason = Extract<Reason, { kind: 'rule' }>;

/** What the rules of a policy keep of the backups that count. @param candidates the newest first */
export function keptByRules(
  candidates: readonly RetainedBackup[],
  { keep, min, timeZone }: Policy,
  outlook: Outlook,
): Kept[] {
  const last = keep.last === undefined ? [] : keptLast(candidates, keep.last, outlook);
  const counted = periodRules.flatMap((rule) => {
    const of = keep[rule];
    return of === undefined ? [] : keptByPeriods(candidates, { rule, of, timeZone, outlook });
  });
  return [
    ...last,
    ...counted,
    ...keptWithin(candidates, { keep, timeZone, outlook }),
    ...keptByFloor(candidates, min, outlook),
  ];
}

function keptLast(candidates: readonly RetainedBackup[], of: Count, outlook: Outlook): Kept[] {
  return candidates.slice(0, of === 'all' ? undefined : of).map(({ id }, index) => ({
    id,
    reason: {
      kind: 'rule',
      rule: 'last',
      number: index + 1,
      of,
      period: id,
      isOldest: false,
      until: of === 'all' ? undefined : dateOf(outlook.moreBackups(of - index)),
    },
  }));
}

/** `min`: the newest ones, whatever the rules say. */
function keptByFloor(candidates: readonly RetainedBackup[], of: number, outlook: Outlook): Kept[] {
  return candidates.slice(0, of).map(({ id }, index) => ({
    id,
    reason: { kind: 'min', number: index + 1, of, until: dateOf(outlook.moreBackups(of - index)) },
  }));
}

/** R7: measured from the newest, not from now, so that nothing goes while no backups come. */
function keptWithin(
  candidates: readonly RetainedBackup[],
  { keep: { within }, timeZone, outlook }: Pick<Policy, 'keep' | 'timeZone'> & { readonly outlook: Outlook },
): Kept[] {
  const [newest] = candidates;
  if (within === undefined || newest === undefined) return [];
  const since = spanBefore(newest.startedAt.getTime(), within, timeZone);
  return candidates
    .filter(({ startedAt }) => startedAt.getTime() > since)
    .map(({ id, startedAt }) => ({
      id,
      reason: {
        kind: 'within',
        until: new Date(Math.max(outlook.now, spanAfter(startedAt.getTime(), within, timeZone))),
      },
    }));
}

type Counting = {
  readonly rule: PeriodRule;
  readonly of: Count;
  readonly timeZone: string;
  readonly outlook: Outlook;
};

function keptByPeriods(candidates: readonly RetainedBackup[], counting: Counting): Kept[] {
  const { rule, of, timeZone } = counting;
  const keepers = keepersOf(candidates, counting);
  const kept = keepers.map(({ start, keeper }, index): Kept => {
    return { id: keeper.id, reason: reasonOf(counting, { number: index + 1, start, isOldest: false }) };
  });
  const oldest = candidates.at(-1);
  // R6, as restic does: what is not counted yet reaches back as far as it can.
  const isUnfilled = of === 'all' || keepers.length < of;
  if (oldest !== undefined && isUnfilled && !kept.some(({ id }) => id === oldest.id)) {
    const start = periodStart(rule, oldest.startedAt.getTime(), timeZone);
    const number = keepers.length + 1;
    kept.push({ id: oldest.id, reason: reasonOf(counting, { number, start, isOldest: true }) });
  }
  return kept;
}

/**
 * Of each period that a rule counts and that has a candidate the one that stands for it: the newest proven one, else the
 * newest. The newest period first.
 */
export function keepersOf(
  candidates: readonly RetainedBackup[],
  { rule, of, timeZone }: Pick<Counting, 'rule' | 'of' | 'timeZone'>,
): { readonly start: number; readonly keeper: RetainedBackup }[] {
  const keepers: { readonly start: number; keeper: RetainedBackup }[] = [];
  for (const backup of candidates) {
    const time = backup.startedAt.getTime();
    const found = keepers.at(-1);
    // The newest first: what is not before the start of the period at hand lies in it.
    if (found === undefined || time < found.start) {
      if (keepers.length === of) break;
      keepers.push({ start: periodStart(rule, time, timeZone), keeper: backup });
    } else if (found.keeper.standing !== 'proven' && backup.standing === 'proven') found.keeper = backup;
  }
  return keepers;
}

function reasonOf(
  { rule, of, timeZone, outlook }: Counting,
  place: { readonly number: number; readonly start: number; readonly isOldest: boolean },
): RuleReason {
  const { number, start, isOldest } = place;
  const period = periodLabel(rule, start, timeZone);
  return { kind: 'rule', rule, number, of, period, isOldest, until: dateOf(untilOf()) };

  function untilOf(): number | undefined {
    // This week's keeper stands for its week until tomorrow's backup does.
    if (number === 1 && !isOldest && outlook.takesPlace(rule)) return outlook.moreBackups(1);
    return of === 'all' ? undefined : outlook.newPeriod(rule, of - number + 1);
  }
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
