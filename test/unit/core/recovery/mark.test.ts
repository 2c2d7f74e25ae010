import { expect, test } from 'vitest';
import { markOf, memoryIn } from '../../../../core/recovery/mark.ts';

const memory = {
  of: '2026-11-20T02:00:00.000Z',
  took: { fetchSeconds: 12, restoreSeconds: 90 },
  contact: 'me --> <b> \u202e --!>',
};

test('a note remembers what it was written by, and nothing ends the comment before its end', () => {
  const mark = markOf(memory);
  expect(mark.split('>')).toHaveLength(2);
  expect(mark).not.toMatch(/[\n\u202e]/);
  expect(memoryIn(`${mark}\n\n# more`)).toEqual(memory);
  expect(memoryIn(`${mark}\r\n`)).toEqual(memory);
});

test("somebody's own file has no mark; a damaged one of ours is still ours", () => {
  for (const text of ['', '# Ours', ` ${markOf(memory)}`, `# x\n${markOf(memory)}`])
    expect(memoryIn(text)).toBeUndefined();
  expect(memoryIn(markOf(memory).replace('"of"', '"of'))).toEqual({});
  expect(memoryIn(markOf({ of: 'yesterday' }))).toEqual({});
  expect(memoryIn(markOf({ ...memory, contact: 'x'.repeat(201) }))).toEqual({});
});
