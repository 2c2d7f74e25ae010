import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pictureFrom, pictureTo, yearsPicture } from '../../support/retention/year.ts';

const picture = readFileSync(path.join(import.meta.dirname, '../../../docs/retention.svg'), 'utf8');

test('docs/retention.svg shows what stays, and why', () => {
  const drawn = [...picture.matchAll(/<g class="(\w+)"><title>(\S+) (\w+)<\/title>/g)];
  expect(drawn.length).toBeGreaterThan(20);
  for (const [, style, , word] of drawn) expect(style).toBe(word);
  const kept = [...yearsPicture()].filter(([date]) => date >= pictureFrom && date <= pictureTo);
  expect(drawn.map(([, , date, word]) => [date, word]).sort()).toEqual(kept.sort());
});
