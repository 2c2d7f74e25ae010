import { expect, test } from 'vitest';
import { copyText } from '../../../../cli/output/copy-progress.ts';
import { paceFrom } from '../../../../cli/output/pace.ts';

test('a terminal sees which backup goes over, how far it is, and how fast', () => {
  const progress = { id: 'prod/app/x', bytes: 47, totalBytes: 100 };
  const pace = paceFrom(0);
  pace.note(47, 2);
  expect(copyText({ ...progress, step: 'copying', number: 3, of: 17 }, pace, 2)).toEqual([
    'Copying 3 of 17: ',
    'prod/app/x',
    '  47 B of 100 B (47 %), 24 B/s',
  ]);
  expect(copyText({ ...progress, step: 'checking', number: 1, of: 1 }, pace, 0)).toEqual([
    'Reading back ',
    'prod/app/x',
    '  47 B of 100 B (47 %)',
  ]);
});
