import { expect, test } from 'vitest';
import { StatementScanner } from '../../../../../core/postgres/archive/sql-statements.ts';

/** Every statement of a text that comes in pieces of some bytes. */
function statementsOf(scanner: StatementScanner, text: string, pieceBytes: number): string[] {
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const piece = bytes.subarray(from, from + pieceBytes);
    let at = 0;
    while (at < piece.length) {
      at = scanner.scan(piece, at);
      if (at === -1) break;
      found.push(scanner.takeStatement());
    }
  }
  return found;
}

test.each([1, 2, 3, 1_000])('statements end where they end, in pieces of %i bytes', (pieceBytes) => {
  const text = `
    \\restrict a'b
    SELECT 'it''s; one', E'a\\'; b', U&'\\'; -- it's one;
    SELECT/* ; /* ; */ ' */1 - 2 / 3;
    SELECT "a;""b", $a$ ; $$ ' $a$, $1;;
  `;
  expect(statementsOf(new StatementScanner(), text, pieceBytes)).toEqual([
    "SELECT 'it''s; one', E'a\\'; b', U&'\\'",
    'SELECT 1 - 2 / 3',
    'SELECT "a;""b", $a$, $1',
    '',
  ]);
});

test.each([
  ['', false],
  ['SELECT 1;\n', false],
  ['-- comment', false],
  ['\\restrict x', false],
  ['SELECT 1', true],
  ["SELECT 'a;", true],
  ['/* ;', true],
  ['-', true],
])('%j ends in the middle of something: %s', (text, expected) => {
  const scanner = new StatementScanner();
  statementsOf(scanner, text, 3);
  expect(scanner.inside).toBe(expected);
});
