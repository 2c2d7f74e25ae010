import { visibleBeyondJson } from '../../core/text/visible.ts';
import { tell, tellExactly } from './edge.ts';

let isPrinted = false;

/** Before a command runs: it has no result yet. */
export function beginResult(): void {
  isPrinted = false;
}

/** The result of a command, for people, on standard output. */
export function printLines(lines: readonly string[]): void {
  isPrinted = true;
  tell(process.stdout, lines);
}

/** The result of a command that is itself a program's input, such as SQL. */
export function printSource(content: string | Uint8Array): void {
  isPrinted = true;
  tellExactly(process.stdout, content);
}

/** The result of a command, for programs: one JSON document on standard output. */
export function printJson(document: unknown): void {
  printSource(`${jsonOf(document)}\n`);
}

/** As much as is kept of a list before its beginning is written. */
const heldCharacters = 64 * 1024 * 1024;

/** The same of a list whose entries come one by one: all together they may be more than there is memory for. */
export async function printJsonList(entries: AsyncIterable<unknown>): Promise<void> {
  let held = '[';
  let isFirst = true;
  for await (const entry of entries) {
    held += `${isFirst ? '' : ','}\n${jsonOf(entry).replace(/^/gm, '  ')}`;
    isFirst = false;
    if (held.length < heldCharacters) continue;
    isPrinted = true;
    tellExactly(process.stdout, held);
    held = '';
  }
  printSource(`${held}${isFirst ? ']' : '\n]'}\n`);
}

function jsonOf(document: unknown): string {
  return visibleBeyondJson(JSON.stringify(document, null, 2));
}

/** Whether standard output has had its result already: there is one at most. */
export function hasPrintedResult(): boolean {
  return isPrinted;
}
