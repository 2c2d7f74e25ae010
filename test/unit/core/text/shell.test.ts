import { expect, test } from 'vitest';
import { shellAssignment, shellWord } from '../../../../core/text/shell.ts';

// What a shell makes of them, a test of RECOVERY.md tries: test/integration/docs/recovery-note.test.ts.
test.each([
  ['app', `'app'`],
  ["it's", `'it'\\''s'`],
  ['$(touch x) `touch x` "$HOME" \\', `'$(touch x) \`touch x\` "$HOME" \\'`],
])('%j is the word %s', (text, word) => {
  expect(shellWord(text)).toBe(word);
  expect(shellAssignment('NAME', text)).toBe(`NAME=${word}`);
});

test('what nobody sees stands there by number, in one line, and line feeds at the end stay', () => {
  expect(shellAssignment('NAME', "%s\\'\u202e\n")).toBe(
    `NAME=$(printf '%%s\\\\'\\''\\342\\200\\256\\012.'); NAME=\${NAME%.}`,
  );
});
