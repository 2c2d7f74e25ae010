import type { Count, Reason, Refusal } from '../retention/shapes.ts';
import { plural } from '../text/units.ts';
import type { PrunedLine } from './report.ts';

/**
 * Why one is kept or goes, in words.
 *
 * @param timeZone of the policy: dates are said in it
 * @param isShort where there is little room: `daily 1/7` without the day
 */
export function reasonText(reason: Reason, timeZone: string, isShort = false): string {
  const day = (time: Date): string => dayIn(time, timeZone);
  switch (reason.kind) {
    case 'rule':
      return ruleText(reason, isShort);
    case 'within':
      return 'within';
    case 'min':
      return reason.of === 1 ? 'the newest good one' : `of the ${reason.of} newest good ones`;
    case 'cliff':
      return cliffText(reason, day);
    case 'hold':
      return `held${reason.until === undefined ? '' : ` until ${day(reason.until)}`}: ${reason.reason}`;
    case 'locked':
      return `locked by the bucket${reason.until === undefined ? '' : ` until ${day(reason.until)}`}`;
    case 'legal-hold':
      return 'held by the bucket (legal hold)';
    case 'lock-unknown':
      return `may be locked by the bucket: ${reason.detail}`;
    case 'unreadable':
      return `its manifest cannot be read, so nothing of it is deleted: ${reason.detail}`;
    case 'record-unreadable':
    case 'clock':
      return 'nothing goes, see below';
    case 'newest-bad':
      return 'nothing good goes while the newest is bad';
    case 'not-counted':
      return `${notCounted[reason.why]}; goes when it is older than 30 days${reason.oldAt === undefined ? '' : ` (${day(reason.oldAt)})`} and ${plural(reason.min, 'good one is', 'good ones are')} newer (now ${reason.newerGood})`;
    case 'no-rule':
      return 'no rule keeps it';
    case 'useless':
      return `${notCounted[reason.why]}, old, and enough good ones are newer`;
  }
}

const notCounted = {
  bad: 'bad',
  unverified: 'never verified',
  partial: 'not of all tables',
  future: 'of the future',
} as const;

function ruleText(
  { rule, number, of, period, isOldest }: Extract<Reason, { kind: 'rule' }>,
  isShort: boolean,
): string {
  const place = of === 'all' ? `${number}` : `${number}${isShort ? '/' : ' of '}${countText(of)}`;
  const which = rule === 'last' || isShort ? '' : ` (${period})`;
  return `${rule} ${place}${which}${isOldest ? ', the oldest while that is not full' : ''}`;
}

function countText(count: Count): string {
  return String(count);
}

function cliffText(
  { side, other, needsRelease, isReleased, heldAt }: Extract<Reason, { kind: 'cliff' }>,
  day: (time: Date) => string,
): string {
  const lift =
    needsRelease && !isReleased ? 'until it is released' : `until the new level has held (${day(heldAt)})`;
  const which = stampOf(other);
  switch (side) {
    case 'before':
      return `the last before a sudden loss (${which}): ${lift}`;
    case 'after':
      return `holds much less than the one before (${which}): ${lift}`;
    case 'between':
      return `between a sudden loss and the last before it (${which}): ${lift}`;
    case 'back':
      return `holds as much again as before a sudden loss (${which}): ${lift}`;
  }
}

/** The end of an id, where all are of one database. */
export function stampOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/**
 * What people have to decide on a group: whether a loss was meant, which nobody but they can know. The way out with each.
 *
 * @param lines of the group
 */
export function decisionsOn(lines: readonly PrunedLine[]): string[] {
  return lines.flatMap(({ id, reasons }) =>
    reasons.flatMap((reason) =>
      reason.kind === 'cliff' && reason.side === 'before' && reason.needsRelease && !reason.isReleased
        ? [
            `${stampOf(reason.other)} holds much less than ${stampOf(id)}, and both are kept. If that was meant: pgproof release ${id}`,
          ]
        : [],
    ),
  );
}

/** The same in a word, for a column of a list; a hold has a column of its own. */
export function reasonWord(reason: Reason): string | undefined {
  switch (reason.kind) {
    case 'rule':
      return reason.rule;
    case 'within':
    case 'min':
    case 'cliff':
      return reason.kind;
    case 'not-counted':
      return 'not counted';
    case 'newest-bad':
      return 'newest is bad';
    case 'clock':
      return 'clock is wrong';
    case 'no-rule':
    case 'useless':
      return 'goes next';
    case 'hold':
    case 'legal-hold':
    case 'locked':
    case 'lock-unknown':
    case 'unreadable':
    case 'record-unreadable':
      return undefined;
  }
}

/** Why nothing went of a group, in words, and what to do. @param lines of the group */
export function refusalText(
  refusal: Refusal,
  lines: readonly PrunedLine[],
): { readonly what: string; readonly fix: string } {
  const newest = lines[0]?.id ?? '';
  const record = `${newest.slice(0, newest.lastIndexOf('/'))}/prune.json`;
  switch (refusal.kind) {
    case 'clock':
      return {
        what:
          refusal.of === 'newest'
            ? `the clock says ${refusal.now.toISOString()}, and the newest backup is of ${refusal.other.toISOString()}`
            : `the clock says ${refusal.now.toISOString()}, and prune last ran at ${refusal.other.toISOString()}`,
        fix:
          refusal.of === 'newest'
            ? `Set the clock of this machine. If it is right, that backup is dated wrong: delete all below ${newest}/ by hand, its manifest.json first, or wait until then.`
            : `Set the clock of this machine. If it was wrong at the last prune, delete ${record}.`,
      };
    case 'newest-bad':
      return lines.find(({ id }) => id === refusal.newest)?.standing === 'unverified'
        ? {
            what: `the newest backup was not verified within a day: ${refusal.newest}`,
            fix: `Verify it: pgproof verify ${refusal.newest}. Where nothing is ever verified: --no-verified (prune.verified).`,
          }
        : {
            what: `the newest backup is bad: ${refusal.newest}`,
            fix: `Look at it: pgproof show ${refusal.newest}. Take a good one; then prune goes on.`,
          };
    case 'record':
      return {
        what: refusal.detail,
        fix: `Delete ${record} once you know what damaged it.`,
      };
  }
}

/** `2026-11-27`, as people of that zone call the day. */
export function dayIn(time: Date, timeZone: string): string {
  // Swedish dates are ISO's.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(time);
}
