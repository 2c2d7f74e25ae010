import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import type { TableSelection } from '../config/table-selection.ts';
import { offlineEnvironment } from '../postgres/archive/offline-pg-restore.ts';
import { parseToc, type Toc, TocUnreadable } from '../postgres/archive/toc.ts';
import { type DumpOptions, dumpArguments } from '../postgres/dump/dump-arguments.ts';
import { type PostgresTools, toolPath } from '../postgres/programs/tools.ts';
import { assertExitedWell, ChildFailed } from '../process/child-failed.ts';
import { startChild } from '../process/run-child.ts';

export type PreviewRequest = {
  readonly dump: DumpOptions;
  readonly tools: PostgresTools;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
  /** Anything that shows it is alive. */
  readonly onLife: () => void;
};

/**
 * The table of contents that pg_dump writes for these options: what it takes of a database nobody knows better. It comes
 * before the rows, so no row is read; the snapshot is that of the dump itself.
 * @throws ChildFailed with what pg_dump said, such as that a wanted schema is not there
 */
export async function previewDump(request: PreviewRequest): Promise<Toc> {
  const { tools, redact, signal, env, onLife } = request;
  const options = { ...request.dump, format: 'custom', compression: { method: 'none' }, jobs: 1 } as const;
  const dump = startChild({
    file: toolPath(tools, 'pg_dump'),
    args: dumpArguments(options, tools.major),
    env,
    redact,
    signal,
    onStderrLine: onLife,
  });
  const list = startChild({
    file: toolPath(tools, 'pg_restore'),
    args: ['--format=custom', '--list', '--verbose'],
    env: offlineEnvironment,
    stdin: 'pipe',
    signal,
  });
  // Each says by its exit how it ended; that the other is gone breaks the pipe.
  if (list.stdin !== undefined) pipeline(dump.stdout, list.stdin).catch(() => undefined);
  const chunks: Buffer[] = [];
  for await (const chunk of list.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const listed = await list.exited;
  if (listed.code !== 0) {
    const exit = await dump.exited;
    signal.throwIfAborted();
    assertExitedWell('pg_dump', exit);
    throw new TocUnreadable(listed);
  }
  dump.kill();
  await dump.exited;
  signal.throwIfAborted();
  return parseToc(Buffer.concat(chunks).toString('utf8'));
}

const atOnce = 4;

/**
 * The patterns for what is left out that match nothing in the snapshot. pg_dump passes over them in silence, so it is
 * asked for each as if that alone were wanted.
 */
export async function unmatchedPatterns(
  selection: TableSelection,
  request: PreviewRequest,
): Promise<string[]> {
  const { excludeSchemas = [], excludeTables = [], excludeTableData = [] } = selection;
  const limit = pLimit(atOnce);
  const asked = [
    ...excludeSchemas.map((pattern) => [pattern, `--schema=${pattern}`] as const),
    ...[...excludeTables, ...excludeTableData].map((pattern) => [pattern, `--table=${pattern}`] as const),
  ];
  const found = await Promise.all(
    asked.map(([pattern, wanted]) =>
      limit(async () => ((await isMatched(wanted, request)) ? [] : [pattern])),
    ),
  );
  return [...new Set(found.flat())];
}

/** pg_dump looks all patterns up before it reads anything else. */
const goesOn = /^pg_dump: reading /;
const nothing = /no matching (?:schemas|tables) were found/;

async function isMatched(wanted: string, request: PreviewRequest): Promise<boolean> {
  const { dump, tools, env, redact, signal, onLife } = request;
  let matched = false;
  const child = startChild({
    file: toolPath(tools, 'pg_dump'),
    args: [
      ...dumpArguments({ ...dump, selection: undefined, format: 'plain', jobs: 1 }, tools.major),
      '--schema-only',
      '--strict-names',
      wanted,
    ],
    env,
    redact,
    signal,
    onStderrLine: (line) => {
      onLife();
      if (matched || !goesOn.test(line)) return;
      matched = true;
      child.kill();
    },
  });
  child.stdout.resume();
  const exit = await child.exited;
  signal.throwIfAborted();
  if (matched) return true;
  if (exit.code !== 0 && nothing.test(exit.stderrTail)) return false;
  throw new ChildFailed('pg_dump', exit);
}
