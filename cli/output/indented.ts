/**
 * A text that may have several lines, such as a program's last words, as lines that begin further to the right: none of
 * them can be taken for one of ours.
 */
export function indented(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}
