import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf, cutEnd, cutMiddle, fitted, padded } from '../../../../cli/output/columns.ts';
import { paceFrom } from '../../../../cli/output/pace.ts';
import { restoreStep } from '../../../../cli/output/restore-progress.ts';
import { shown } from '../../../../cli/output/shown.ts';
import { styleFor } from '../../../../cli/output/style.ts';

const cyan = styleFor(process.stdout, { FORCE_COLOR: '1' }).cyan;
const long = `${'s'.repeat(63)}/${'d'.repeat(63)}/2026-11-20T02-00-00Z`;

test('columns are counted, not characters', () => {
  expect(columnsOf('日本語')).toBe(6);
  expect(columnsOf('e\u0301')).toBe(1);
  expect(columnsOf(shown(cyan('⠋')))).toBe(1);
  expect(padded('日本', 6)).toBe('日本  ');
  expect(padded('日本', 6, true)).toBe('  日本');
});

test('a name keeps both ends, a line its beginning', () => {
  expect(cutMiddle('short', 10)).toBe('short');
  expect(cutMiddle(long, 41)).toBe(`${'s'.repeat(20)}…2026-11-20T02-00-00Z`);
  expect(cutEnd('日本語です', 6)).toBe('日本…');
});

test('a line that is drawn again and again never wraps, whatever is in it', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 100 });
  fc.assert(
    fc.property(text, text, text, fc.integer({ min: 1, max: 90 }), (before, name, after, columns) => {
      const line = fitted([shown(cyan(before)), shown(name), shown(after)], columns);
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
      expect(columnsOf(fitted(shown(name), columns))).toBeLessThanOrEqual(columns);
    }),
  );
});

test('what is said of a name is seen beside a long one, coloured or not', () => {
  const line = fitted([shown(`${cyan('⠋')} `), 'データベース'.repeat(10), '  dumping  12 MB, 3 MB/s'], 79);
  expect(columnsOf(line)).toBeLessThanOrEqual(79);
  expect(line).toMatch(/デ.*….*ス {2}dumping {2}12 MB, 3 MB\/s$/);
});

test('where no rows come a restore tells entries, not bytes', () => {
  const pace = paceFrom(0);
  pace.note(900, 10);
  const event = { step: 'restoring', entries: 12, totalEntries: 57, bytes: 900, totalBytes: 1_000 } as const;
  expect(restoreStep({ ...event, doing: 'table data public.users' }, pace, 10)).toEqual([
    'Restoring  900 B of about 1 kB, 90 B/s  12 of 57  ',
    'table data public.users',
    '',
  ]);
  expect(restoreStep({ ...event, doing: 'index public.users_email' }, pace, 3_610)).toEqual([
    'Restoring  12 of 57  ',
    'index public.users_email',
    '',
  ]);
});
