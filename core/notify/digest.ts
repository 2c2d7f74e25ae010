import { oneLine } from '../text/one-line.ts';
import { plural } from '../text/units.ts';
import type { NotifyPolicy } from '../vocabulary.ts';
import { type Alert, asAlert, bodyOf, composeAlert, type Outcome, textLimit, titleOf } from './alert.ts';
import type { Notifier } from './notifier.ts';

/** Keeps what it is told, for one message at the end. */
export type CollectingNotifier = Notifier & { readonly outcomes: readonly Outcome[] };

export function collectingNotifier(): CollectingNotifier {
  const outcomes: Outcome[] = [];
  return {
    outcomes,
    tell: async (outcome) => {
      outcomes.push(outcome);
    },
  };
}

/** The worst first: what is lost before what is only doubtful. */
const results: readonly Outcome['result'][] = ['failed', 'unverifiable', 'doubtful', 'good'];
const works: readonly Outcome['work'][] = ['backup', 'verification', 'restore', 'copy', 'prune'];

function byWorst(one: Outcome, other: Outcome): number {
  return (
    results.indexOf(one.result) - results.indexOf(other.result) ||
    works.indexOf(one.work) - works.indexOf(other.work)
  );
}

/** So many of the list at the top of a message are read. */
const listed = 50;
const rule = `\n\n${'-'.repeat(20)}\n\n`;

/**
 * One message of all that happened, as far as somebody wants to hear of it; undefined where that is nothing. What is said of
 * each is cut where all together are too long: the longest first.
 */
export function composeDigest(outcomes: readonly Outcome[], policy: NotifyPolicy): Alert | undefined {
  const told = outcomes.filter(({ result }) => policy === 'all' || result !== 'good').sort(byWorst);
  const [worst, second] = told;
  if (worst === undefined) return undefined;
  if (second === undefined) return composeAlert(worst);
  const bad = told.filter(({ result }) => result !== 'good');
  const title =
    bad.length === 0
      ? `All went well: ${plural(told.length, 'message')}`
      : `${plural(bad.length, 'problem')}: ${titleOf(worst)}`;
  const others = (bad.length === 0 ? told : bad).slice(bad.length === 0 ? 0 : 1).map(titleOf);
  const fixes = [...new Set(told.flatMap(({ fix }) => (fix === undefined ? [] : [fix])))];
  return asAlert({
    subject: [title, ...others].join('; '),
    title,
    text: textOf(told),
    result: worst.result,
    fix: fixes.length === 1 ? fixes[0] : undefined,
  });
}

function textOf(told: readonly Outcome[]): string {
  const lines = told.slice(0, listed).map((outcome) => `- ${lineOf(outcome)}`);
  const more = told.length > listed ? [`- and ${told.length - listed} more`] : [];
  const list = [...lines, ...more].join('\n');
  const bodies = told.map((outcome) => bodyOf(outcome, textLimit));
  const room = textLimit - list.length - told.length * rule.length;
  const share = fairShare(
    bodies.map((body) => body.length),
    room,
  );
  // Of hundreds there is not room for a word each: the list has to do.
  if (share < leastUseful) return [list, ...withinRoom(told, textLimit - list.length)].join(rule);
  return [list, ...told.map((outcome) => bodyOf(outcome, share))].join(rule);
}

const leastUseful = 200;

/** As many whole ones, the worst first, as there is room for. */
function withinRoom(told: readonly Outcome[], room: number): string[] {
  const bodies: string[] = [];
  let left = room;
  for (const outcome of told) {
    left -= rule.length;
    if (left < leastUseful) break;
    const body = bodyOf(outcome, Math.min(left, 2_000));
    bodies.push(body);
    left -= body.length;
  }
  return bodies;
}

const lineLimit = 120;

function lineOf(outcome: Outcome): string {
  const text = oneLine(`${titleOf(outcome)}: ${outcome.headline ?? outcome.what}`, {
    limit: Number.POSITIVE_INFINITY,
  });
  return text.length <= lineLimit ? text : `${text.slice(0, lineLimit - 1)}…`;
}

/** The most that each may have so that all of these lengths, cut to it, have room. */
export function fairShare(lengths: readonly number[], room: number): number {
  let left = Math.max(room, 0);
  const sorted = [...lengths].sort((a, b) => a - b);
  for (const [index, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (length > share) return share;
    left -= length;
  }
  return sorted.at(-1) ?? 0;
}
