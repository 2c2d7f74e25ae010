import { visible } from './visible.ts';

/**
 * Text of programs and servers on one line, fit for a check's detail or a message's field.
 *
 * @param limit the most characters that are kept; longer text ends in `…`
 * @param squeeze whether several blanks become one
 */
export function oneLine(
  text: string,
  { limit = 600, squeeze = false }: { readonly limit?: number; readonly squeeze?: boolean } = {},
): string {
  const breaks = squeeze ? /[\s\u0000-\u001f\u007f]+/g : /[\u0000-\u001f\u007f]+/g;
  const line = visible(text.replace(breaks, ' ').trim());
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
