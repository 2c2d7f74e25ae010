import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** How many columns of a terminal a text takes: a Chinese character takes two, an accent or a colour none. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** The beginning of a text in so many columns; what was cut is told by `…`. Colours of it end with it. */
export function cutEnd(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return columns < 1 ? '' : `${sliced(text, 0, columns - 1)}…`;
}

/** Both ends of a text in so many columns: of an id these are its source and its time, of a table its name. */
export function cutMiddle(text: string, columns: number): string {
  const whole = columnsOf(text);
  if (whole <= columns) return text;
  if (columns < 1) return '';
  const atEnd = Math.ceil((columns - 1) / 2);
  let end = sliceAnsi(text, whole - atEnd);
  // A character of two columns stands on the edge: it goes.
  for (let from = whole - atEnd + 1; columnsOf(end) > atEnd; from += 1) end = sliceAnsi(text, from);
  return `${sliced(text, 0, columns - 1 - atEnd)}…${end}`;
}

function sliced(text: string, from: number, to: number): string {
  let [part, end] = [sliceAnsi(text, from, to), to];
  while (end > from && columnsOf(part) > to - from) {
    end -= 1;
    part = sliceAnsi(text, from, end);
  }
  return part;
}

/** A text filled up with blanks to so many columns. */
export function padded(text: string, columns: number, isRight = false): string {
  const blanks = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return isRight ? blanks + text : text + blanks;
}

/**
 * A line that is drawn over and over. A name may be as long as it likes, and gives way to what is said of it: were the line
 * to wrap, the terminal would keep pieces of it.
 */
export type LiveLine = string | readonly [before: string, name: string, after: string];

/** So much of a name has to be seen; where there is less room the line is cut at its end. */
const leastOfName = 12;

/** The line in so many columns. */
export function fitted(line: LiveLine, columns: number): string {
  if (typeof line === 'string') return cutEnd(line, columns);
  const [before, name, after] = line;
  const room = Math.max(leastOfName, columns - columnsOf(before) - columnsOf(after));
  return cutEnd(`${before}${cutMiddle(name, room)}${after}`, columns);
}
