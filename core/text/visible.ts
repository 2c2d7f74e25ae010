/**
 * Characters that a terminal obeys or a reader does not see: controls of both sets (escape sequences begin with one),
 * marks that change the direction of text or join and hide it, separators of lines and paragraphs, halves of characters,
 * and tags. What writing needs within words (U+200C, U+200D) is none.
 */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/**
 * Text of anybody's as one line in which nothing acts and nothing hides: what is {@link unseen} is written as
 * JSON would, `\n`, `\t`, `\u001b`. Text that has been through stays as it is.
 */
export function visible(text: string): string {
  return text.replace(unseen, escaped);
}

/** The same of text that may have several lines: its line feeds stay. */
export function visibleLines(text: string): string {
  return text.replace(unseen, (character) => (character === '\n' ? character : escaped(character)));
}

/**
 * What JSON does not escape by itself. Of a whole document it makes the same document in other words; a text that is yet
 * to become JSON it changes.
 */
export function visibleBeyondJson(text: string): string {
  return text.replace(unseen, (character) => (character < ' ' ? character : escaped(character)));
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}
