let isPrinted = false;

/** The result of a command, for people, on standard output. */
export function printText(text: string): void {
  isPrinted = true;
  process.stdout.write(`${text}\n`);
}

/** The result of a command, for programs: one JSON document on standard output. */
export function printJson(document: unknown): void {
  printText(JSON.stringify(document, null, 2));
}

/** Whether standard output has had its result already: there is one at most. */
export function hasPrintedResult(): boolean {
  return isPrinted;
}
