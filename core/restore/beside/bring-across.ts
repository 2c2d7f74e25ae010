import { childEnvironment } from '../../postgres/connect/child-environment.ts';
import { connectionRedactor } from '../../postgres/connect/connection-redactor.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { optionsOf } from '../../postgres/connect/restore-settings.ts';
import { quoteConninfo } from '../../postgres/libpq/conninfo.ts';
import { quoteIdentifier } from '../../postgres/names.ts';
import type { PgRestoreResult } from '../../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../../postgres/pg-restore/restore-archive.ts';
import { type FoundTools, toolPath } from '../../postgres/programs/tools.ts';
import { assertExitedWell } from '../../process/child-failed.ts';
import { startChild } from '../../process/run-child.ts';

export type Crossing = {
  readonly tools: FoundTools;
  readonly target: ConnectionParameters;
  /** The temporary database, and its encoding. */
  readonly from: string;
  readonly encoding: string;
  /** The database that is in use. */
  readonly into: string;
  readonly schema: string;
  /** Whether the schema is there already, and empty. */
  readonly isThere: boolean;
  /** All in one transaction, so that what fails leaves nothing. */
  readonly isAtOnce: boolean;
  /** Settings under which the values mean the same on both sides. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of pg_restore, what the user asked for: `--no-owner`. */
  readonly selection: readonly string[];
  /** For files of ours. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string, entries: number) => void;
};

/**
 * Brings one schema from the temporary database into the one that is in use, with pg_dump and pg_restore of the server's
 * own version.
 * @throws ChildFailed where pg_dump did not end well; what pg_restore was refused is in what it returns
 */
export async function bringAcross(crossing: Crossing): Promise<PgRestoreResult> {
  const { tools, target, into, schema, settings, signal, isThere, isAtOnce } = crossing;
  return await restoreArchive({
    tools,
    format: 'custom',
    archiveName: 'archive.dump',
    archive: { kind: 'stream', stream: dumped(crossing) },
    target,
    database: into,
    create: false,
    dumpSettings: settings,
    jobs: 1,
    directory: crossing.directory,
    exitOnError: isAtOnce,
    selection: [
      ...crossing.selection,
      ...(isThere ? [`--schema=${schema}`] : []),
      ...(isAtOnce ? ['--single-transaction'] : []),
    ],
    signal,
    onProgress: ({ doing, entries }) => crossing.onProgress(doing, entries),
  });
}

/**
 * What pg_dump writes of the schema. It is started when somebody reads: Node.js throws away what nobody has begun to read
 * when a child ends. pg_restore sees no end of its input, and commits nothing, before pg_dump is known to have ended well.
 */
async function* dumped(crossing: Crossing): AsyncGenerator<Buffer> {
  const { tools, target, from, encoding, schema, settings, signal } = crossing;
  const values = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const options = [target.options, optionsOf(values)].filter(Boolean).join(' ');
  const dump = startChild({
    file: toolPath(tools, 'pg_dump'),
    args: [
      `--dbname=${quoteConninfo(from)}`,
      '--format=custom',
      '--compress=0',
      // A pattern: within quotes every letter is itself.
      `--schema=${quoteIdentifier(schema)}`,
      '--strict-names',
      `--encoding=${encoding}`,
      '--no-password',
    ],
    env: childEnvironment({ ...target, ...(options === '' ? {} : { options }) }),
    signal,
    redact: connectionRedactor(target),
  });
  try {
    yield* dump.stdout as AsyncIterable<Buffer>;
    const exit = await dump.exited;
    signal.throwIfAborted();
    assertExitedWell('pg_dump', exit);
  } finally {
    dump.kill();
    await dump.exited.catch(() => undefined);
  }
}
