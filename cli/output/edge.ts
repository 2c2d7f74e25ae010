import { visibleLines } from '../../core/text/visible.ts';
import { fitted, type LiveLine } from './columns.ts';
import { redrawing } from './redrawing.ts';
import { shown } from './shown.ts';

/**
 * The edge: all that the command says to people goes through here, a line at a time, and nowhere else is written to a
 * stream. Names, a server's words, manifests and keys are other people's text; what is in a line neither moves the
 * cursor, nor begins another line, nor turns the text around.
 */
export function tell(stream: NodeJS.WritableStream, lines: readonly string[]): void {
  stream.write(lines.map((line) => `${shown(line)}\n`).join(''));
}

/** A text of several lines of its own, such as a program's help. */
export function tellText(stream: NodeJS.WritableStream, text: string): void {
  stream.write(text.split('\n').map(shown).join('\n'));
}

/** What a program is to read as it is. On a terminal, where people read it, it is made visible. */
export function tellExactly(stream: NodeJS.WriteStream, content: string | Uint8Array): void {
  stream.write(stream.isTTY ? visibleLines(Buffer.from(content).toString('utf8')) : content);
}

/** Lines that are drawn again and again where the stream is a terminal that can; elsewhere there are none. */
export type LiveLines = {
  /** Undefined where there are none. */
  readonly draw: ((lines: readonly LiveLine[]) => void) | undefined;
  /** Lines that stay; those that are drawn give way. */
  readonly say: (lines: readonly string[]) => void;
  readonly stop: () => void;
};

export async function liveLines(stream: NodeJS.WriteStream): Promise<LiveLines> {
  const update = await redrawing(stream);
  // In the last column some terminals begin a new line already. A window may be made smaller at any time.
  const fitting = (line: LiveLine): string => {
    const safe: LiveLine =
      typeof line === 'string' ? shown(line) : [shown(line[0]), shown(line[1]), shown(line[2])];
    return fitted(safe, Math.max(1, (stream.columns || 80) - 1));
  };
  return {
    draw: update && ((lines) => update(lines.map(fitting).join('\n'))),
    say: (lines) => {
      update?.clear();
      tell(stream, lines);
    },
    stop: () => {
      update?.clear();
      update?.done();
    },
  };
}
