import { expect, test } from 'vitest';
import { copyText } from '../../../../cli/output/copy-progress.ts';

test('a terminal sees which backup goes over, how far it is, and how fast', () => {
  const progress = { id: 'prod/app/x', bytes: 47, totalBytes: 100 };
  expect(copyText({ ...progress, step: 'copying', number: 3, of: 17 }, 2)).toBe(
    'Copying 3 of 17: prod/app/x  47 B of 100 B (47 %), 24 B/s',
  );
  expect(copyText({ ...progress, step: 'checking', number: 1, of: 1 }, 0)).toBe(
    'Reading back prod/app/x  47 B of 100 B (47 %)',
  );
});
