import type { WriteStream } from 'node:tty';
import Table from 'cli-table3';
import pc from 'picocolors';
import { columnsOf } from './columns.ts';
import { guarded, ourColour } from './shown.ts';

const styles = ['red', 'green', 'yellow', 'cyan', 'bold', 'dim'] as const;

export type Style = Readonly<Record<(typeof styles)[number], (text: string) => string>>;

/** Colour for a terminal only; NO_COLOR and FORCE_COLOR are heeded. The edge turns it into what terminals know. */
export function styleFor(
  stream: NodeJS.WriteStream | WriteStream,
  env: NodeJS.ProcessEnv = process.env,
): Style {
  const wanted = env.NO_COLOR
    ? false
    : isForced(env.FORCE_COLOR) || (isTerminal(stream, env) && env.FORCE_COLOR !== '0');
  return wanted ? coloured : plain;
}

const plain = pc.createColors(false);
const coloured = Object.fromEntries(styles.map((name) => [name, inOurs(name)])) as Style;

function inOurs(name: (typeof styles)[number]): (text: string) => string {
  const [on = 0, off = 0] = [...pc.createColors(true)[name]('').matchAll(/\d+/g)].map(Number);
  return (text) => `${ourColour(on)}${text}${ourColour(off)}`;
}

function isForced(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

function isTerminal(stream: NodeJS.WriteStream | WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Whether lines can be drawn over there: some terminals that programs open say that they have no size at all. */
export function canRedraw(stream: NodeJS.WriteStream): boolean {
  return isTerminal(stream) && stream.columns > 0 && stream.rows > 0;
}

/** All cells of a column are padded to the longest. */
const cellCharacters = 1_000;

/** Where a table is shown. */
export type Room = {
  /** Columns of the terminal; undefined or 0 where there is none, and lines are as long as they are. */
  readonly width?: number | undefined;
  /** The column with the names. @default 0 */
  readonly names?: number;
};

/**
 * A plain table: headings, no frame, so that it can be read, copied and cut by columns. Where it does not fit, each name has
 * a line of its own, with the rest of its row below: names are copied, so that they are never cut.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  { width, names = 0 }: Room = {},
): string[] {
  const lines = plainTable(head, rows, right);
  if (fits(lines, width)) return lines;
  const others = <T>(cells: readonly T[]): readonly T[] => cells.filter((_, column) => column !== names);
  const isRight = head.map((_, column) => right.includes(column));
  const rest = plainTable(
    others(head),
    rows.map(others),
    others(isRight).flatMap((one, column) => (one ? [column] : [])),
  );
  return [head, ...rows]
    .flatMap((cells, at) => [guarded(cells[names] ?? '', cellCharacters), `  ${rest[at] ?? ''}`.trimEnd()])
    .filter((line) => line !== '');
}

/** Whether no line is wider than the terminal. */
export function fits(lines: readonly string[], width: number | undefined): boolean {
  return !width || lines.every((line) => columnsOf(line) <= width);
}

function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string[] {
  const none = '';
  const made = new Table({
    head: [...head],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      mid: none,
      'mid-mid': none,
      right: none,
      'right-mid': none,
      middle: none,
    },
  });
  // A line feed in a cell would begin a row.
  for (const row of rows) made.push(row.map((cell) => guarded(cell, cellCharacters)));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
