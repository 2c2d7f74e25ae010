import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { knowsRestrict, restricted } from '../../../../../core/postgres/pg-restore/plain-sql.ts';

const body = `-- data\n${'create function f() as $$\n\\restrict inside a body\n$$;\n'.repeat(400)}`;
const dump = `--\n-- PostgreSQL database dump\n--\n\n\\restrict Theirs123\n\n${body}--\n-- complete\n--\n\n\\unrestrict Theirs123\n\n`;

function through(dumped: string, pieceBytes: number): Promise<string> {
  const bytes = Buffer.from(dumped);
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  return text(Readable.from(pieces()).pipe(restricted()));
}

test.each([1, 7, 64, 4_096, 1_000_000])(
  'our restriction comes first, theirs goes, in pieces of %i bytes',
  async (size) => {
    const got = await through(dump, size);
    const [first = '', ...rest] = got.split('\n');
    expect(first).toMatch(/^\\restrict [0-9a-f]{48}$/);
    const left = rest.join('\n');
    expect(left).not.toContain('Theirs123');
    // What a function's body says stays.
    expect(left).toContain(body);
  },
);

test('a short text, and one without a restriction of its own, are passed on', async () => {
  expect((await through('select 1;\n', 3)).split('\n').slice(1)).toEqual(['select 1;', '']);
});

test('a word that is not that of the beginning stays, for psql to refuse', async () => {
  expect(await through(`${dump}\\unrestrict Guessed\n\\! touch x\n`, 512)).toContain(
    '\\unrestrict Guessed\n\\! touch x',
  );
});

test.each([
  ['18.0', true],
  ['17.6', true],
  ['17.5', false],
  ['15.14', true],
  ['15.13', false],
  ['12.22', false],
])('psql %s can be restricted: %s', (version, expected) => {
  expect(knowsRestrict(version)).toBe(expected);
});
