import { formatId } from '../../../core/manifest/backup-id.ts';
import { decide } from '../../../core/retention/decide.ts';
import { type PolicySettings, policyOf } from '../../../core/retention/policy.ts';
import type { Line, Policy, Reason, RetainedBackup } from '../../../core/retention/shapes.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A backup that was proven, with as much in it as all others, where nothing else is said. */
export function backupAt(
  time: string | number,
  differs: Partial<Omit<RetainedBackup, 'startedAt'>> = {},
): RetainedBackup {
  const startedAt = new Date(time);
  return {
    id: formatId({ source: 'shop', database: 'app', startedAt }),
    startedAt,
    standing: 'proven',
    volume: { rows: 1_000, bytes: 10_000, form: 'custom zstd:1' },
    isPartial: false,
    ...differs,
  };
}

/** One a day, so many, of which the last is at `last`; the oldest first. */
export function nightly(
  last: string,
  count: number,
  differs: (index: number) => Partial<Omit<RetainedBackup, 'startedAt'>> = () => ({}),
): RetainedBackup[] {
  const end = Date.parse(last);
  return Array.from({ length: count }, (_, index) =>
    backupAt(end - (count - 1 - index) * dayMs, differs(index)),
  );
}

export function policyFor(
  keep: PolicySettings['keep'],
  rest: Partial<Omit<PolicySettings, 'keep'>> = {},
): Policy {
  return policyOf({ keep, verified: true, ...rest });
}

export const isKept = ({ action }: Line): boolean => action === 'keep';

/** Ids of those that stay, the newest first. */
export function keptIds(
  group: readonly RetainedBackup[],
  policy: Policy,
  now: Date,
  lastPruneAt?: Date,
): string[] {
  return decide(group, policy, now, lastPruneAt)
    .lines.filter(isKept)
    .map(({ id }) => id);
}

/** What is said of one backup. */
export function lineOf(
  id: string,
  group: readonly RetainedBackup[],
  policy: Policy,
  now: Date,
): Line | undefined {
  return decide(group, policy, now).lines.find((line) => line.id === id);
}

/** The words of the reasons: `daily 2/7 2026-11-19`, `min`. */
export function words(reasons: readonly Reason[] = []): string[] {
  return reasons.map((reason) =>
    reason.kind === 'rule'
      ? `${reason.isOldest ? 'oldest ' : ''}${reason.rule} ${reason.number}/${reason.of} ${reason.period}`
      : reason.kind === 'cliff'
        ? `cliff ${reason.side}`
        : reason.kind,
  );
}
