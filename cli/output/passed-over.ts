import { type PassedOver, takenBy } from '../../core/inventory/passed-over.ts';
import type { Choice } from '../../core/inventory/read-backup.ts';
import { formatCount } from '../../core/text/units.ts';
import { guarded } from './shown.ts';
import type { Style } from './style.ts';

/** A person reads the newest few; what is behind them is counted. */
const shown = 3;
/** Of what was found of one: a path and a sentence. */
const mostCharacters = 1_000;

type Of = {
  /** As it was asked for: `…/latest`. */
  readonly text: string;
  /** What was taken. */
  readonly id: string;
  readonly storeUrl: string;
  /** Whether --any was given. */
  readonly any?: boolean | undefined;
};

/** What is said where `latest` is not just the newest: which are newer, why they were not taken, and how to take them. */
export function choiceLines({ passedOver, notGood }: Choice, of: Of, style: Style): string[] {
  return [
    ...(notGood === undefined
      ? []
      : [
          `${style.yellow('Careful:')} no backup is good that ${of.text} could be: this is the newest, ${notGood.id}, ${worded(notGood)}`,
        ]),
    ...passedOverLines(passedOver, of, style),
  ];
}

/** The same of backups that were passed over. */
export function passedOverLines(
  passedOver: readonly PassedOver[],
  { text, id, storeUrl, any }: Of,
  style: Style,
): string[] {
  if (passedOver.length === 0) return [];
  return [
    `${style.yellow('Note:')} ${text} is ${id}; newer, and passed over:`,
    ...passedOver.slice(0, shown).map((one) => `  ${one.id}: ${worded(one)}`),
    ...moreLine(passedOver.slice(shown)),
    howToTake(passedOver, storeUrl, any === true),
  ];
}

function worded({ words }: PassedOver): string {
  return guarded(words, mostCharacters);
}

function moreLine(more: readonly PassedOver[]): string[] {
  if (more.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { why } of more) counts.set(why, (counts.get(why) ?? 0) + 1);
  const told = [...counts].map(([why, count]) => `${formatCount(count)} ${why.replaceAll('-', ' ')}`);
  return [`  and ${formatCount(more.length)} more (${told.join(', ')})`];
}

function howToTake(passedOver: readonly PassedOver[], storeUrl: string, any: boolean): string {
  const ways = new Set(passedOver.map(({ why }) => takenBy[why]));
  const words = [
    'by its id',
    ...(ways.has('any') && !any ? ['with --any, which is the newest whatever its verdict'] : []),
    ...(ways.has('partial') ? ['with --partial, which counts partial ones too'] : []),
  ];
  const [unverified] = passedOver.filter(({ why }) => why === 'never-verified' || why === 'not-counted');
  const verify =
    unverified === undefined
      ? ''
      : ` To verify the newest without a verdict: pgproof verify ${unverified.id} --store ${storeUrl}`;
  return `Take one of them ${words.join(', or ')}.${verify}`;
}

/** For programs: nothing where none was. */
export function passedOverJson(passedOver: readonly PassedOver[]): {
  readonly passedOver?: readonly PassedOver[];
} {
  return passedOver.length === 0 ? {} : { passedOver };
}
