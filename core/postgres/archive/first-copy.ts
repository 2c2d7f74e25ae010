import { startChild } from '../../process/run-child.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { offlineEnvironment, sqlArguments } from './offline-pg-restore.ts';
import { StatementScanner } from './sql-statements.ts';
import { copiedTable, declaredEncoding } from './sql-text.ts';
import { withUseList } from './use-list.ts';

/**
 * The table that the rows of an archive's `TABLE DATA` entry are loaded into, which need not be the entry's own: pg_dump
 * may write the root of a partition. Reads up to the COPY statement and no further.
 *
 * @param request.dumpId of the entry
 * @param request.directory for a file of ours
 * @returns undefined where pg_restore says nothing of the kind
 */
export async function firstCopy(request: {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly dumpId: number;
  readonly directory: string;
  readonly signal: AbortSignal;
}): Promise<{ readonly schema: string; readonly name: string } | undefined> {
  const { tools, path, dumpId, directory, signal } = request;
  return await withUseList({ dumpIds: [dumpId], directory }, async (useList) => {
    const child = startChild({
      file: toolPath(tools, 'pg_restore'),
      args: sqlArguments({ parts: ['--data-only'], useList, path }),
      env: offlineEnvironment,
      signal,
    });
    const scanner = new StatementScanner();
    let encoding = 'UTF8';
    let copied: { schema: string; name: string } | undefined;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; copied === undefined && at !== -1 && at < chunk.length; ) {
        at = scanner.scan(chunk, at);
        if (at === -1) break;
        const statement = scanner.takeStatement();
        encoding = declaredEncoding(statement) ?? encoding;
        copied = copiedTable(statement);
      }
      if (copied !== undefined) break;
    }
    child.kill();
    await child.exited;
    signal.throwIfAborted();
    if (copied === undefined) return undefined;
    const decode = nameDecoder(encoding);
    const text = (name: string): string => decode(Buffer.from(name, 'latin1'));
    return { schema: text(copied.schema), name: text(copied.name) };
  });
}
