import { visibleLines } from '../../core/text/visible.ts';
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
  readonly draw: ((lines: readonly string[]) => void) | undefined;
  /** Lines that stay; those that are drawn give way. */
  readonly say: (lines: readonly string[]) => void;
  readonly stop: () => void;
};

export async function liveLines(stream: NodeJS.WriteStream): Promise<LiveLines> {
  const update = await redrawing(stream);
  /** A name may be as long as it likes. Lines with colours are ours, and short. */
  const fitting = (line: string): string =>
    line.includes('\u001b') ? line : line.slice(0, Math.max(20, (stream.columns ?? 80) - 1));
  return {
    draw: update && ((lines) => update(lines.map((line) => fitting(shown(line))).join('\n'))),
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
