import { expect, test } from 'vitest';
import { thawWords } from '../../../cli/thaw.ts';
import { parseId } from '../../../core/manifest/backup-id.ts';

const id = parseId('shop/app/2026-11-20T02-00-00Z');
const minute = 60_000;

test('a log of hours stays short, and says how far it is', () => {
  const words = thawWords('standard');
  const at = (minutes: number, ready: number): string | undefined =>
    words(id, { places: ['GLACIER'], objects: 2, ready }, minutes * minute);
  expect(at(0, 0)).toMatch(/^Thawing 2 objects of shop\/app\/\S+, standard \(GLACIER: 3 to 5 hours\)/);
  expect(at(5, 0)).toBeUndefined();
  expect(at(10, 0)).toBe('Thawing for 10 min 0 s, 0 of 2 can be read');
  expect(at(11, 1)).toMatch(/1 of 2/);
  expect(at(12, 1)).toBeUndefined();
  expect(at(13, 2)).toMatch(/^Thawed after 13 min/);
});
