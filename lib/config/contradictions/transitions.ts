import type { Contradiction } from '../../../core/config/contradiction.ts';
import { frozenClasses, type TransitionClass } from '../../../core/vocabulary.ts';

/** S3 moves downwards only. https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html */
const downwards: readonly TransitionClass[] = [
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
];

/** How long S3 bills an object in a class, in days, however soon it leaves it. */
export const leastDays: Readonly<Record<TransitionClass, number>> = {
  STANDARD_IA: 30,
  INTELLIGENT_TIERING: 0,
  ONEZONE_IA: 30,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
};

type Move = {
  readonly path: readonly (string | number)[];
  readonly storageClass: TransitionClass | undefined;
  readonly afterDays: number | undefined;
};

/** What S3 would refuse, what would cost more than it saves, and what would freeze an archive before it was verified. */
export function ofTransitions(transition: unknown): Contradiction[] {
  const moves = movesIn(transition);
  return moves.flatMap((move, index) => [...ofOne(move), ...ofTwo(moves[index - 1], move)]);
}

function movesIn(transition: unknown): readonly Move[] {
  const at = ['bucket', 'transition'];
  if (!Array.isArray(transition)) return [moveFrom(transition, at)];
  return transition.map((one: unknown, index) => moveFrom(one, [...at, index]));
}

/** Whatever is there: what is of the wrong type the schema says. */
function moveFrom(one: unknown, path: Move['path']): Move {
  const { storageClass, afterDays } = (typeof one === 'object' && one !== null ? one : {}) as {
    readonly storageClass?: unknown;
    readonly afterDays?: unknown;
  };
  return {
    path,
    storageClass: downwards.find((name) => name === storageClass),
    afterDays: typeof afterDays === 'number' ? afterDays : undefined,
  };
}

function ofOne({ path, storageClass, afterDays }: Move): Contradiction[] {
  if (storageClass === undefined || afterDays === undefined) return [];
  const at = [...path, 'afterDays'];
  if ((storageClass === 'STANDARD_IA' || storageClass === 'ONEZONE_IA') && afterDays < 30)
    return [
      {
        path: at,
        expected: `at least 30 for ${storageClass}`,
        fix: 'S3 refuses less; set 30 or more, or take GLACIER_IR or INTELLIGENT_TIERING.',
      },
    ];
  if (frozenClasses.some((name) => name === storageClass) && afterDays < 1)
    return [
      {
        path: at,
        expected: `at least 1 for ${storageClass}`,
        fix: 'The verification reads the archive once the backup is done, and cannot where it has to be thawed: set 1 or more.',
      },
    ];
  return [];
}

function ofTwo(before: Move | undefined, { path, storageClass, afterDays }: Move): Contradiction[] {
  if (before?.storageClass === undefined || storageClass === undefined) return [];
  if (downwards.indexOf(storageClass) <= downwards.indexOf(before.storageClass))
    return [
      {
        path: [...path, 'storageClass'],
        expected: `a class below ${before.storageClass}`,
        fix: `S3 moves objects downwards only: ${downwards.join(', ')}. Put them in this order.`,
      },
    ];
  if (before.afterDays === undefined || afterDays === undefined) return [];
  const least = before.afterDays + Math.max(1, leastDays[before.storageClass]);
  if (afterDays >= least) return [];
  return [
    {
      path: [...path, 'afterDays'],
      expected: `at least ${least}`,
      fix: `${before.storageClass} is billed for ${leastDays[before.storageClass]} days, however soon objects leave it: move them later, or leave ${before.storageClass} out.`,
    },
  ];
}
