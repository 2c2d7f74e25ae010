import { createInterface } from 'node:readline';
import { PgproofError } from '../../errors.ts';
import { howEnded, lastWords } from '../../process/child-failed.ts';
import { type ChildExit, startChild } from '../../process/run-child.ts';
import type { Format } from '../../vocabulary.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { damageInExit } from './damage-in-exit.ts';
import { entryType } from './entry-types.ts';
import { offlineEnvironment } from './offline-pg-restore.ts';

/** One entry of an archive's table of contents, from `pg_restore --list --verbose`. */
export type TocEntry = {
  readonly dumpId: number;
  /** pg_dump's word: `TABLE`, `TABLE DATA`, `EXTENSION`, `FK CONSTRAINT`. */
  readonly type: string;
  /** What follows the type: schema, name and owner, not to be told apart where they have spaces. */
  readonly label: string;
  readonly dependsOn: readonly number[];
  /** What it was at the source: the OIDs of catalog and row, `1259 16501`; of a table's rows `0` and the table's. */
  readonly object?: string | undefined;
};

export type Toc = {
  /** When pg_dump began to write it; undefined where the format does not say. */
  readonly createdAt: Date | undefined;
  /** `17.12`: the server's and pg_dump's. */
  readonly serverVersion: string | undefined;
  readonly pgDumpVersion: string | undefined;
  readonly entries: readonly TocEntry[];
};

/** pg_restore cannot read an archive's table of contents. */
export class TocUnreadable extends PgproofError {
  override readonly name = 'TocUnreadable';
  readonly exit: ChildExit;

  /** @param damage what its end says of the archive, where that is known */
  constructor(exit: ChildExit, damage?: string) {
    super({
      what: 'The table of contents of the archive cannot be read',
      got: damage ?? lastWords(exit.stderrTail) ?? howEnded('pg_restore', exit),
      fix: 'Verify the backup: pgproof verify ID.',
    });
    this.exit = exit;
  }
}

/**
 * The table of contents of an archive in the custom, tar or directory format.
 *
 * @param path a file, or the directory of the directory format
 * @throws TocUnreadable, ChildNotStarted; the signal's reason when aborted
 */
export async function readToc(request: {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly format: Exclude<Format, 'plain'>;
  /**
   * Further arguments: `--table=…` lists only what pg_restore finds under that name. Then without dependencies, for
   * with them it lists everything.
   */
  readonly selection?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}): Promise<Toc> {
  const { tools, path, format, selection = [], signal } = request;
  const child = startChild({
    file: toolPath(tools, 'pg_restore'),
    args: [
      `--format=${format}`,
      '--list',
      ...(selection.length === 0 ? ['--verbose'] : selection),
      '--',
      path,
    ],
    env: offlineEnvironment,
    signal,
  });
  const parser = tocParser();
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }))
    parser.take(line);
  const exit = await child.exited;
  signal.throwIfAborted();
  if (exit.code === 0) return parser.toc();
  throw new TocUnreadable(exit, await damageInExit(exit, { tools }));
}

/** What `pg_restore --list --verbose` printed. */
export function parseToc(text: string): Toc {
  const parser = tocParser();
  for (const line of text.split('\n')) parser.take(line);
  return parser.toc();
}

function tocParser(): { readonly take: (line: string) => void; readonly toc: () => Toc } {
  const entries: (TocEntry & { dependsOn: number[] })[] = [];
  let createdAt: Date | undefined;
  let serverVersion: string | undefined;
  let pgDumpVersion: string | undefined;
  return {
    take: (line) => {
      if (line.startsWith(';')) {
        const [, ids] = /^;\s+depends on: (.*)$/.exec(line) ?? [];
        if (ids !== undefined) entries.at(-1)?.dependsOn.push(...new Set(ids.trim().split(' ').map(Number)));
        else if (entries.length === 0) {
          createdAt ??= dateIn(line);
          serverVersion ??= /Dumped from database version: (\S+)/.exec(line)?.[1];
          pgDumpVersion ??= /Dumped by pg_dump version: (\S+)/.exec(line)?.[1];
        }
        return;
      }
      const entry = entryIn(line);
      if (entry !== undefined) entries.push({ ...entry, dependsOn: [] });
    },
    toc: () => ({ createdAt, serverVersion, pgDumpVersion, entries }),
  };
}

/** `; Archive created at 2026-11-20 02:00:04 UTC` */
function dateIn(line: string): Date | undefined {
  const [, day, time] = /^; Archive created at (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})/.exec(line) ?? [];
  return day === undefined ? undefined : new Date(`${day}T${time}Z`);
}

function entryIn(line: string): Omit<TocEntry, 'dependsOn'> | undefined {
  const [, id, object, rest = ''] = /^(\d+); (\d+ \d+) (.*)$/.exec(line) ?? [];
  if (id === undefined) return undefined;
  const type = entryType(rest);
  return { dumpId: Number(id), type, label: rest.slice(type.length + 1).trim(), object };
}

/** The entries that cannot be there without those: their tables' data, indexes, comments, grants, views. */
export function dependentsOf(toc: Toc, dumpIds: ReadonlySet<number>): Set<number> {
  const roots = new Map([...dumpIds].map((id) => [id, true]));
  return new Set([...affectedBy(toc, roots).keys()].filter((id) => !dumpIds.has(id)));
}

/** Those entries and all that cannot be there without them, each with the cause of the one that it came from. */
export function affectedBy<Cause>({ entries }: Toc, causes: ReadonlyMap<number, Cause>): Map<number, Cause> {
  const users = new Map<number, number[]>();
  for (const { dumpId, dependsOn } of entries) {
    for (const id of dependsOn) {
      const known = users.get(id);
      if (known === undefined) users.set(id, [dumpId]);
      else known.push(dumpId);
    }
  }
  const found = new Map(causes);
  const pending = [...causes];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [id, cause] = next;
    for (const user of users.get(id) ?? []) {
      if (found.has(user)) continue;
      found.set(user, cause);
      pending.push([user, cause]);
    }
  }
  return found;
}
