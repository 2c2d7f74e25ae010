import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { tell } from '../../../../cli/output/edge.ts';
import { guarded, shown } from '../../../../cli/output/shown.ts';
import { styleFor, table } from '../../../../cli/output/style.ts';

const style = styleFor(process.stdout, { FORCE_COLOR: '1' });
const hostile = '\u001b[31mred\u001b[0m\n✓ shop: proven\u009b1A\u202e';
const harmless = '\\u001b[31mred\\u001b[0m\\n✓ shop: proven\\u009b1A\\u202e';

test('our colours reach a terminal, whatever else looks like one does not', () => {
  expect(shown(`${style.green('✓')} ${hostile}`)).toBe(`\u001b[32m✓\u001b[39m ${harmless}`);
  expect(shown(style.bold(style.red(hostile)))).toBe(`\u001b[1m\u001b[31m${harmless}\u001b[39m\u001b[22m`);
  const line = guarded(`${style.green('✓')} ${hostile}`);
  expect(guarded(line)).toBe(line);
});

test('a table has a line per row, and columns under one another, in colours too', () => {
  const rows = [
    [hostile, style.red('no')],
    ['b', style.green('yes')],
  ];
  expect(table(['NAME', 'GOOD'], rows).map(shown)).toEqual([
    `NAME${' '.repeat(harmless.length - 2)}GOOD`,
    `${harmless}  \u001b[31mno\u001b[39m`,
    `b${' '.repeat(harmless.length + 1)}\u001b[32myes\u001b[39m`,
  ]);
});

test('a text of millions of characters is a line that can be read, and a table of it too', async () => {
  const long = '\u0007'.repeat(3_000_000);
  const stream = new PassThrough();
  tell(stream, [
    `${style.red(long)} more`,
    ...table(['A', 'B'], [[long, 'x'], ...Array(1_000).fill(['y', 'z'])]),
  ]);
  stream.end();
  const all = await text(stream);
  expect(all.length).toBeLessThan(10_000_000);
  expect(all.split('\n')).toHaveLength(1 + 1_002 + 1);
});
