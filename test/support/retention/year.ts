import { decide } from '../../../core/retention/decide.ts';
import type { Reason, RetainedBackup } from '../../../core/retention/shapes.ts';
import { backupAt, isKept, nightly, policyFor } from './histories.ts';

/** The database of docs/retention.svg: a backup every night since 2024, and what happened to it in its last year. */
const failed = ['2026-03-30', '2026-03-31'];
const held = '2026-06-10';
const emptied = '2026-09-15';

export const pictureFrom = '2025-12-01';
export const pictureTo = '2026-11-27';

function history(): RetainedBackup[] {
  return nightly(`${pictureTo}T02:00:00Z`, 900).map(({ startedAt }) => {
    const date = startedAt.toISOString().slice(0, 10);
    const rows = date < emptied ? 1_000 : 300;
    return backupAt(startedAt.getTime(), {
      standing: failed.includes(date) ? 'bad' : 'proven',
      volume: { rows, bytes: rows * 10, form: 'custom, zstd:1' },
      hold: date === held ? { reason: 'before the migration', until: undefined } : undefined,
    });
  });
}

/** In the picture one that several rules keep has the word of the one that keeps it longest. */
const words = ['hold', 'cliff', 'yearly', 'monthly', 'weekly', 'daily'] as const;
export type PictureWord = (typeof words)[number];

function wordOf(reasons: readonly Reason[]): PictureWord | undefined {
  const said = reasons
    // Of the newest week, month and year the next backup takes the place.
    .filter((reason) => reason.kind !== 'rule' || reason.rule === 'daily' || reason.number > 1)
    .map((reason) => (reason.kind === 'rule' ? reason.rule : reason.kind));
  return words.find((word) => said.includes(word));
}

/** What stays of it under daily=7,weekly=4,monthly=12,yearly=3: a word for each date. */
export function yearsPicture(): Map<string, PictureWord> {
  const policy = policyFor('daily=7,weekly=4,monthly=12,yearly=3');
  const { lines } = decide(history(), policy, new Date(`${pictureTo}T12:00:00Z`));
  return new Map(
    lines.filter(isKept).flatMap(({ id, reasons }) => {
      const word = wordOf(reasons);
      return word === undefined ? [] : [[id.slice(9, 19), word] as const];
    }),
  );
}
