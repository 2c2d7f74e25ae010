import { visible } from './visible.ts';

/** The longest run of backticks in a text. */
function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

/**
 * Anybody's text within a line of Markdown, with nothing of it markup: a code span, whose backticks are more than any in it.
 * What is not seen is written out.
 */
export function codeSpan(text: string): string {
  const shown = visible(text);
  const ticks = '`'.repeat(longestRun(shown) + 1);
  // One blank at each end is taken away again; without it a backtick there would count to the fence.
  const isPadded = /^[` ]|[` ]$/.test(shown) || shown === '';
  return isPadded ? `${ticks} ${shown} ${ticks}` : `${ticks}${shown}${ticks}`;
}

/** Lines of a program as a block of Markdown, whose fence is longer than any run of backticks in them. */
export function codeBlock(language: string, code: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(code) + 1));
  return `${fence}${language}\n${code}\n${fence}`;
}
