import { mostKept } from './keep.ts';
import type { Count, NotCounted, Policy, Refusal, RetainedBackup } from './shapes.ts';

const hour = 60 * 60 * 1000;
const day = 24 * hour;

/** A clock may be that much behind the one that a backup was made by. */
const clockTolerance = hour;
/** So long a backup may wait for its verification before it is taken for a bad one. */
const verificationWait = day;

const firstYear = Date.parse('0001-01-01T00:00:00Z');
const lastYear = Date.parse('9999-12-31T00:00:00Z');

/** Whether there is a time in it that calendars know. Documents of a store may hold anything. */
export function isUsable(time: Date): boolean {
  return time.getTime() >= firstYear && time.getTime() <= lastYear;
}

/** Why a backup counts for nothing: keeps no place in a rule, and pushes none out (R3). Undefined where it counts. */
export function whyNotCounted(
  { startedAt, standing, isPartial }: RetainedBackup,
  { verified }: Policy,
  now: number,
): NotCounted | undefined {
  if (!isUsable(startedAt) || standing === 'bad') return 'bad';
  if (startedAt.getTime() > now + clockTolerance) return 'future';
  if (isPartial) return 'partial';
  return standing === 'unverified' && verified ? 'unverified' : undefined;
}

/** Why nothing at all is removed, or undefined. @param backups the newest first */
export function refusalOf(
  backups: readonly RetainedBackup[],
  policy: Policy,
  now: Date,
  lastPruneAt: Date | undefined,
): Refusal | undefined {
  const [newest] = backups;
  if (newest !== undefined && newest.startedAt.getTime() > now.getTime() + clockTolerance)
    return { kind: 'clock', now, other: newest.startedAt, of: 'newest' };
  if (lastPruneAt !== undefined && lastPruneAt.getTime() > now.getTime())
    return { kind: 'clock', now, other: lastPruneAt, of: 'prune' };
  const bad = backups.find((backup) => tells(backup, policy, now.getTime()));
  return bad === undefined || isSound(bad, policy) ? undefined : { kind: 'newest-bad', newest: bad.id };
}

/** Whether a backup says how backups go these days: not while it waits for its verification, nor a good part of one. */
function tells(backup: RetainedBackup, policy: Policy, now: number): boolean {
  if (isSound(backup, policy)) return !backup.isPartial;
  return backup.standing === 'bad' || now - backup.startedAt.getTime() > verificationWait;
}

const isSound = ({ standing }: RetainedBackup, { verified }: Policy): boolean =>
  standing === 'proven' || standing === 'good' || (standing === 'unverified' && !verified);

/** @throws RangeError: a defect of the caller, for which nothing may be removed */
export function assertUsable(
  group: readonly RetainedBackup[],
  { keep, min, cliff }: Policy,
  times: readonly (Date | undefined)[],
): void {
  if (new Set(group.map(({ id }) => id)).size < group.length)
    throw new RangeError('Retention was handed a backup twice');
  if (times.some((time) => time !== undefined && !isUsable(time)))
    throw new RangeError('Retention was handed a time that is none');
  const { within, ...counts } = keep;
  const isCount = (of: Count): boolean => of === 'all' || isWhole(of);
  if (!Object.values(counts).every(isCount) || !isWhole(min) || !(cliff >= 0 && cliff <= 1))
    throw new RangeError('Retention was handed a policy that policyOf did not make');
  if (within === undefined && Object.keys(counts).length === 0)
    throw new RangeError('Retention was handed a policy without a rule');
}

const isWhole = (of: number): boolean => Number.isInteger(of) && of >= 1 && of <= mostKept;
