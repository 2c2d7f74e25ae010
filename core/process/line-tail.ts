import { StringDecoder } from 'node:string_decoder';

const longestLine = 4_096;

/**
 * Keeps the last lines of a text that may be endless, within `limitBytes`. Lines are redacted whole, so a secret
 * that arrives in two chunks is seen; a line that never ends is cut.
 */
export function lineTail(options: {
  readonly limitBytes: number;
  readonly redact: (text: string) => string;
  readonly onLine?: ((line: string) => void) | undefined;
}): { push: (chunk: Buffer) => void; end: () => string } {
  const decoder = new StringDecoder('utf8');
  const lines: string[] = [];
  let held = 0;
  let rest = '';

  const take = (line: string): void => {
    const clean = options.redact(line).slice(0, longestLine);
    options.onLine?.(clean);
    lines.push(clean);
    held += clean.length + 1;
    while (held > options.limitBytes && lines.length > 1) held -= (lines.shift()?.length ?? 0) + 1;
  };

  return {
    push: (chunk) => {
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) take(line);
      // Long enough that no secret is cut in two by it, short enough to bound memory.
      if (rest.length > 16 * longestLine) {
        take(rest);
        rest = '';
      }
    },
    end: () => {
      rest += decoder.end();
      if (rest !== '') take(rest);
      rest = '';
      return lines.join('\n');
    },
  };
}
