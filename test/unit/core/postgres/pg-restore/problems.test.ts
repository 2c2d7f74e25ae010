import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ProblemCollector } from '../../../../../core/postgres/pg-restore/problems.ts';
import type { ChildExit } from '../../../../../core/process/run-child.ts';

const signal = new AbortController().signal;

/** One pg_restore that wrote these lines and ended so. */
async function run(
  collector: ProblemCollector,
  lines: readonly string[],
  exit: Partial<ChildExit>,
): Promise<boolean> {
  const messages = collector.reader();
  for (const line of lines) messages.take(line);
  const exited = Promise.resolve({ code: 0, signal: null, stderrTail: lines.join('\n'), ...exit });
  const child = { pid: 1, stdout: Readable.from([]), stdin: undefined, exited, kill: () => undefined };
  return await collector.ended({ name: 'pg_restore', child, messages }, signal);
}

const refused = 'pg_restore: error: could not execute query: ERROR:  extension "vector" is not available';
const ignored = 'pg_restore: warning: errors ignored on restore: 1';

test('a bad end is told although another program before it had told of something else', async () => {
  const collector = new ProblemCollector({ exitOnError: false });
  expect(await run(collector, [refused, ignored], { code: 1 })).toBe(true);
  expect(await run(collector, [], { code: 3 })).toBe(false);
  expect(collector.result(undefined).problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('"vector" is not available'),
    expect.stringContaining('pg_restore ended with exit status 3'),
  ]);
});

test('a status of failure that a message explains is not told twice', async () => {
  const collector = new ProblemCollector({ exitOnError: false });
  expect(await run(collector, [refused, ignored], { code: 1 })).toBe(true);
  expect(collector.result(undefined).problemCount).toBe(1);
});
