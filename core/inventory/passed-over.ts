import { formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { oneLine } from '../text/one-line.ts';
import { isAhead } from './ahead.ts';
import { briefOn, isBeingPruned, isPartial, type ListEntry } from './entry.ts';

/** Why a backup is not the one that `latest` means, although it is newer. */
export type WhyPassedOver =
  | 'never-verified'
  /** What lies there as its verification is about another backup or manifest. */
  | 'not-counted'
  | 'failed'
  | 'unverifiable'
  | 'manifest-unreadable'
  | 'verdict-unreadable'
  /** Tables were left out of it on purpose. */
  | 'partial'
  /** It was begun later than now, by more than clocks differ. */
  | 'future'
  /** Prune has begun to take it away. */
  | 'being-pruned'
  /** A cluster was asked for, and it does not say of which it is. */
  | 'cluster-unknown';

/** A newer backup that was not taken. Plain values: commands print it, functions return it. */
export type PassedOver = {
  readonly id: string;
  readonly why: WhyPassedOver;
  /** The same for people, with what was found: `failed`, `dated in the future`. */
  readonly words: string;
};

/** What takes each of them all the same. By its id each can be had. */
export const takenBy: Readonly<Record<WhyPassedOver, 'any' | 'partial' | 'id'>> = {
  'never-verified': 'any',
  'not-counted': 'any',
  failed: 'any',
  unverifiable: 'any',
  'verdict-unreadable': 'any',
  'manifest-unreadable': 'id',
  partial: 'partial',
  future: 'id',
  'being-pruned': 'id',
  'cluster-unknown': 'id',
};

const shown = { limit: 900 };

type Asked = {
  /** Takes one whatever its verdict. */
  readonly any: boolean;
  /** Takes one that tables were left out of. */
  readonly partial: boolean;
  readonly now: Date;
};

/** Why a backup is passed over by what a list knows of it; undefined where it is the one. */
export function whyPassedOver(entry: ListEntry, asked: Asked): PassedOver | undefined {
  const { id, summary } = entry;
  if (isBeingPruned(entry)) return passedOver(entry, 'being-pruned', 'being pruned');
  if (isAhead(id.startedAt.getTime(), asked.now))
    return passedOver(entry, 'future', `dated in the future (now it is ${asked.now.toISOString()})`);
  if (summary instanceof Unreadable) return unreadableManifest(entry, summary);
  if (!asked.partial && isPartial(entry))
    return passedOver(entry, 'partial', 'partial, as tables were left out of it on purpose');
  return asked.any ? undefined : whyNotGood(entry);
}

/** Why its verdict does not make it a good one; undefined where it does. */
export function whyNotGood(
  entry: Pick<ListEntry, 'id' | 'verification' | 'notCounted' | 'summary'>,
): PassedOver | undefined {
  const { verification, notCounted } = entry;
  if (verification instanceof Unreadable)
    return passedOver(
      entry,
      'verdict-unreadable',
      `of a verdict that cannot be read: ${oneLine(verification.unreadable, shown)}`,
    );
  const brief = briefOn(entry);
  if (brief?.good === true) return undefined;
  if (brief !== undefined)
    return brief.verdict === 'failed'
      ? passedOver(entry, 'failed', 'failed')
      : passedOver(entry, 'unverifiable', `${brief.verdict}, with no level passed whole`);
  return notCounted === undefined
    ? passedOver(entry, 'never-verified', 'never verified')
    : passedOver(
        entry,
        'not-counted',
        `not verified, as the verification that lies there counts as none: ${oneLine(notCounted, shown)}`,
      );
}

export function unreadableManifest(entry: Pick<ListEntry, 'id'>, { unreadable }: Unreadable): PassedOver {
  return passedOver(
    entry,
    'manifest-unreadable',
    `of a manifest that cannot be read: ${oneLine(unreadable, shown)}`,
  );
}

export function passedOver({ id }: Pick<ListEntry, 'id'>, why: WhyPassedOver, words: string): PassedOver {
  return { id: formatId(id), why, words };
}
