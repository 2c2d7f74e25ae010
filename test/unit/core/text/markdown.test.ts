import { expect, test } from 'vitest';
import { codeBlock, codeSpan } from '../../../../core/text/markdown.ts';

test.each([
  ['app', '`app`'],
  ['a`b', '``a`b``'],
  ['a```b`', '```` a```b` ````'],
  ['`', '`` ` ``'],
  ['', '`  `'],
  ['<b>|[x](y)', '`<b>|[x](y)`'],
  ['two\nlines \u202eturned', '`two\\nlines \\u202eturned`'],
])('%j within a line is %j', (text, span) => {
  expect(codeSpan(text)).toBe(span);
});

test('a fence is longer than any run of backticks', () => {
  expect(codeBlock('sh', 'ls')).toBe('```sh\nls\n```');
  expect(codeBlock('sh', 'echo "````"')).toBe('`````sh\necho "````"\n`````');
});
