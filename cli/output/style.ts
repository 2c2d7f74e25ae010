import type { WriteStream } from 'node:tty';
import Table from 'cli-table3';
import pc from 'picocolors';

export type Style = ReturnType<typeof pc.createColors>;

/** Colour for a terminal only; NO_COLOR and FORCE_COLOR are heeded (picocolors looks at them for standard output). */
export function styleFor(
  stream: NodeJS.WriteStream | WriteStream,
  env: NodeJS.ProcessEnv = process.env,
): Style {
  const wanted = env.NO_COLOR
    ? false
    : isForced(env.FORCE_COLOR) || (isTerminal(stream, env) && env.FORCE_COLOR !== '0');
  return pc.createColors(wanted);
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

/** Names are data: line feeds and control characters in them must not move the cursor or fake a line. */
export function visible(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e]/g, (character) => {
    const code = character.charCodeAt(0);
    return character === '\n'
      ? '\\n'
      : character === '\t'
        ? '\\t'
        : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A plain table: headings, a rule, no frame, so that it can be read, copied and cut by columns. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
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
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
