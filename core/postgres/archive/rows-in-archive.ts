import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ChildFailed } from '../../process/child-failed.ts';
import { startChild } from '../../process/run-child.ts';
import type { Format } from '../../vocabulary.ts';
import { decodesExactly } from '../facts/encodings.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { CopyRowCounter, type CopyRowCounts } from './copy-rows.ts';
import { decompressor } from './decompress.ts';
import { isLabelOf } from './entry-label.ts';
import { offlineEnvironment, sqlArguments } from './offline-pg-restore.ts';
import { readToc } from './toc.ts';
import { withUseList } from './use-list.ts';

type TableName = { readonly schema: string; readonly name: string };

/**
 * Rows of each table, by `tableKey`. Only of names that are sure to be the server's own: others went through another
 * conversion.
 */
export function rowsByTable(counts: CopyRowCounts | undefined): ReadonlyMap<string, number> {
  const isSure = ({ schema, name }: TableName): boolean =>
    counts !== undefined && (decodesExactly(counts.encoding) || /^[\x20-\x7e]*$/.test(`${schema}${name}`));
  return new Map((counts?.tables ?? []).filter(isSure).map((table) => [tableKey(table), table.rows]));
}

export function tableKey({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}

/**
 * Counts the rows that an archive on the disk has of some tables; of plain SQL, of all.
 * @throws ChildFailed, SqlUnreadable; the signal's reason when aborted
 */
export async function countRowsInArchive(
  tables: readonly TableName[],
  archive: {
    readonly tools: PostgresTools;
    readonly path: string;
    /** The object's, whose end tells the compression of plain SQL. */
    readonly name: string;
    readonly format: Format;
    /** For a file of ours. */
    readonly directory: string;
    readonly signal: AbortSignal;
  },
): Promise<CopyRowCounts> {
  const { tools, path, name, format, directory, signal } = archive;
  const counter = new CopyRowCounter();
  const count = async (text: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of text) counter.write(chunk);
  };
  if (format === 'plain') {
    await pipeline(createReadStream(path), decompressor(name) ?? new PassThrough(), count, { signal });
    return counter.end();
  }
  const { entries } = await readToc({ tools, path, format, signal });
  const dumpIds = entries
    .filter(({ type, label }) => type === 'TABLE DATA' && tables.some((table) => isLabelOf(label, table)))
    .map(({ dumpId }) => dumpId);
  await withUseList({ dumpIds, directory }, async (useList) => {
    const file = toolPath(tools, 'pg_restore');
    const args = sqlArguments({ parts: ['--data-only'], format, useList, path });
    const child = startChild({ file, args, env: offlineEnvironment, signal });
    await count(child.stdout as AsyncIterable<Buffer>);
    const exit = await child.exited;
    signal.throwIfAborted();
    if (exit.code !== 0) throw new ChildFailed(file, exit);
  });
  return counter.end();
}
