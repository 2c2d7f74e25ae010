import { randomInt } from 'node:crypto';
import { visible } from '../../core/text/visible.ts';

/**
 * Our own colours are told from escape sequences in other people's text by a number that nobody else knows: they carry it
 * as parameters until the text is written. Programs that measure text take them for what they are, sequences of no width.
 */
const secret = Array.from({ length: 4 }, () => randomInt(1_000, 10_000)).join(';');
const ours = new RegExp(`\\u001b\\[${secret};(\\d{1,2})m`);

/** Nobody reads a longer line, and a document may have a text of millions of characters. */
const shownCharacters = 100_000;

/** An escape sequence of ours (Select Graphic Rendition) by its number. */
export function ourColour(number: number): string {
  return `\u001b[${secret};${number}m`;
}

/** One line, whatever is in it, that no terminal obeys: all but our own colours is escaped. May go through again. */
export function guarded(line: string, mostCharacters: number = shownCharacters): string {
  return mapped(line, ourColour, mostCharacters);
}

/** The line as it is written. */
export function shown(line: string): string {
  return mapped(line, (number) => `\u001b[${number}m`, shownCharacters);
}

function mapped(line: string, colour: (number: number) => string, mostCharacters: number): string {
  let room = mostCharacters;
  const fitting = (text: string): string => {
    const kept = room === 0 || text.length <= room ? text.slice(0, room) : `${text.slice(0, room - 1)}…`;
    room -= kept.length;
    return visible(kept);
  };
  // Between the texts stand the numbers that the expression caught.
  return line
    .split(ours)
    .map((part, index) => (index % 2 === 0 ? fitting(part) : colour(Number(part))))
    .join('');
}
