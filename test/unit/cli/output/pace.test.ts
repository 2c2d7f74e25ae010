import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aboutText, paceFrom, shareText } from '../../../../cli/output/pace.ts';

test('the rate is of the last five seconds: neither an hour’s wait nor a fast beginning is in it', () => {
  const pace = paceFrom(100);
  for (let second = 1; second <= 20; second += 1) pace.note(second * 50_000_000, 100 + second);
  expect(pace.rateText(120)).toBe(', 50 MB/s');
  // Nothing comes for a while: it falls to nothing and stays there.
  expect(pace.rateText(122.5)).toBe(', 25 MB/s');
  expect(pace.rateText(125)).toBe(', 0 B/s');
  pace.note(1_000_000_000, 3_700);
  expect(pace.rateText(3_700)).toBe(', 0 B/s');
  // And it comes again as fast as before, at once.
  for (let tenth = 1; tenth <= 50; tenth += 1)
    pace.note(1_000_000_000 + tenth * 5_000_000, 3_700 + tenth / 10);
  expect(pace.rateText(3_705)).toBe(', 50 MB/s');
});

test('of less than a second there is no rate', () => {
  const pace = paceFrom(0);
  pace.note(1_000_000, 0.2);
  expect(pace.rateText(0.9)).toBe('');
  expect(pace.rateText(2)).toBe(', 500 kB/s');
});

test('bytes never become fewer, and the rate is never below nothing nor above what came', () => {
  const steps = fc.array(
    fc.record({ bytes: fc.nat(1_000_000_000), after: fc.double({ min: 0, max: 9, noNaN: true }) }),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const pace = paceFrom(0);
      let [at, most] = [0, 0];
      for (const { bytes, after } of all) {
        at += after;
        pace.note(bytes, at);
        most = Math.max(most, bytes);
        expect(pace.bytes()).toBe(most);
        expect(pace.rateText(at)).not.toMatch(/-|NaN|Infinity/);
      }
    }),
  );
});

test('100 % is all of it, and never passed', () => {
  expect(shareText(999, 1_000)).toBe('999 B of 1 kB (99 %)');
  expect(shareText(1_000, 1_000)).toBe('1 kB of 1 kB (100 %)');
  expect(shareText(1_200, 1_000)).toBe('1 kB of 1 kB (100 %)');
  expect(shareText(0, 0)).toBe('0 B of 0 B (100 %)');
  expect(aboutText(900, 1_000)).toBe('900 B of about 1 kB');
  expect(aboutText(1_200, 1_000)).toBe('1.2 kB');
});
