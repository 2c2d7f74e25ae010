import { expect, test } from 'vitest';
import { PhaseTimes } from '../../../../../core/postgres/pg-restore/phase-times.ts';

function timesOf(steps: readonly [string, number][], end: number): ReturnType<PhaseTimes['until']> {
  const times = new PhaseTimes();
  for (const [doing, at] of steps) times.step(doing, at);
  return times.until(end);
}

test.each<[string, [string, number][], ReturnType<PhaseTimes['until']>]>([
  ['nothing', [], undefined],
  ['definitions only', [['table public.a', 1]], undefined],
  [
    'rows to the end',
    [
      ['table public.a', 1],
      ['table data public.a', 10],
    ],
    { rows: 90, after: 0 },
  ],
  [
    'rows, then indexes',
    [
      ['table public.a', 1],
      ['table data public.a', 10],
      ['large objects', 20],
      ['sequence set a_id_seq', 30],
      ['index public.a_key', 40],
      ['acl table a', 70],
    ],
    { rows: 30, after: 60 },
  ],
  [
    // The contents of a materialized view are made after the rows, and by what an index may be on.
    'materialized views after the rows',
    [
      ['table data public.a', 10],
      ['materialized view data public.m', 20],
      ['index public.m_key', 30],
    ],
    { rows: 10, after: 80 },
  ],
  [
    'a definition between rows',
    [
      ['table data public.a', 10],
      ['table public.b', 20],
      ['table data public.b', 25],
      ['index public.a_key', 40],
    ],
    { rows: 30, after: 60 },
  ],
])('%s', (_, steps, expected) => {
  expect(timesOf(steps, 100)).toEqual(expected);
});
