import type { Client } from 'pg';
import { checkSeconds, type UserCheck } from '../../config/checks.ts';
import { majorsOf } from '../../manifest/majors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import type { CopyRowCounts } from '../../postgres/archive/copy-rows.ts';
import type { Toc } from '../../postgres/archive/toc.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { settingsTakenHere } from '../../postgres/facts/dump-settings.ts';
import type { PostgresTools } from '../../postgres/programs/tools.ts';
import type { RunProgram } from '../../postgres/server/program-runner.ts';
import { formatCount, plural } from '../../text/units.ts';
import type { ThroughRoot } from '../read/through-root.ts';
import { commandCheck } from './command-check.ts';
import { compareCatalog } from './compare-catalog.ts';
import { compareSchemas } from './compare-schema.ts';
import { withConnections } from './connections.ts';
import { checkOf } from './differences.ts';
import type { LeftOut } from './left-out.ts';
import { compareRestoredRows } from './restored-rows.ts';
import {
  checkLargeObjects,
  checkValid,
  compareSequences,
  type SequenceValue,
  sequenceValues,
} from './restored-state.ts';
import { archiveSql, databaseSchema } from './schema-sql.ts';
import { runUserChecks, type UserCheckOptions } from './user-checks.ts';

/** A database that was restored from a backup, and what it is to be compared with. */
export type RestoredDatabase = {
  /** To the database itself, as superuser. */
  readonly parameters: ConnectionParameters;
  /** pg_restore and pg_dump of the server's own major. */
  readonly tools: PostgresTools;
  readonly serverMajor: number;
  /** The archive with a table of contents; undefined for plain SQL, and where there was no room to keep it. */
  readonly archive: { readonly path: string; readonly toc: Toc } | undefined;
  /** Rows as the archive has them, to be compared with where nobody counted them at the source. */
  readonly counts?: CopyRowCounts | undefined;
  readonly leftOut: LeftOut;
  /** Partitions whose rows may lie in other ones than at the source. */
  readonly throughRoot: readonly ThroughRoot[];
  /** Whether all that was left out was accepted beforehand. */
  readonly isAccepted: boolean;
  /** Whether the archive itself made the database, with its locale, settings and grants. */
  readonly isWhole: boolean;
  /** Whether it was given the owner, grants and settings that it had at the source. */
  readonly isDescribed: boolean;
  readonly userChecks: readonly UserCheck[];
  /** Runs the programs among them. */
  readonly runProgram: RunProgram;
  /** A directory for files of ours. */
  readonly scratch: string;
  readonly jobs: number;
  readonly signal: AbortSignal;
};

/** Everything that a restored database is compared in, side by side. */
export async function compareRestored(manifest: Manifest, database: RestoredDatabase): Promise<Check[]> {
  const { parameters, archive, leftOut, jobs, signal } = database;
  const archiveSchema = archive && schemaOf(database, archive);
  // A rejection is handled where it is awaited; until then it must not count as unhandled.
  archiveSchema?.catch(() => undefined);
  const one = <T>(use: (clients: readonly Client[]) => Promise<T>): Promise<T> =>
    withConnections(parameters, 1, signal, use);
  const found = await Promise.all([
    withConnections(parameters, jobs, signal, (clients) =>
      compareRestoredRows(clients, manifest, {
        isLeftOut: leftOut.isTable,
        counts: database.counts,
        throughRoot: database.throughRoot,
      }),
    ),
    schemaCheck(manifest, database, archiveSchema),
    one(async ([client]) => {
      if (client === undefined) return [];
      const sequences = archive && (await sequencesOf(manifest, database, archive));
      return [
        sequences && (await compareSequences(client, sequences)),
        await checkLargeObjects(client, manifest),
        await checkValid(client, await archiveSchema),
      ];
    }),
  ]);
  // Last: a program may write, and what it writes is nothing of the backup's.
  const checked = await one(
    async ([client]) =>
      client && runUserChecks(client, database.userChecks, checkOptions(database, manifest)),
  );
  return [...found.flat(), checked].filter((check) => check !== undefined);
}

function checkOptions(
  { leftOut, runProgram, parameters, signal }: RestoredDatabase,
  { partial }: Manifest,
): UserCheckOptions {
  return {
    limitSeconds: checkSeconds.default,
    isPartial: leftOut.entries.length > 0 || partial === true,
    runCommand: commandCheck(runProgram, parameters, signal),
  };
}

type Archive = NonNullable<RestoredDatabase['archive']>;

/** What of the archive was restored. */
function restoredEntries({ toc }: Archive, { entries }: LeftOut): Toc['entries'] {
  const without = new Set(entries.map(({ dumpId }) => dumpId));
  return toc.entries.filter(({ dumpId }) => !without.has(dumpId));
}

function schemaOf(database: RestoredDatabase, archive: Archive): Promise<string> {
  const { tools, leftOut, isWhole, scratch, signal } = database;
  const entries = leftOut.entries.length === 0 ? undefined : restoredEntries(archive, leftOut);
  return archiveSql({
    tools,
    scratch,
    signal,
    path: archive.path,
    entries: entries?.map(({ dumpId }) => dumpId),
    parts: schemaArguments(isWhole),
  });
}

function schemaArguments(isWhole: boolean): string[] {
  return isWhole ? ['--schema-only', '--create'] : ['--schema-only'];
}

async function sequencesOf(
  manifest: Manifest,
  database: RestoredDatabase,
  archive: Archive,
): Promise<SequenceValue[]> {
  const { tools, leftOut, scratch, signal } = database;
  const entries = restoredEntries(archive, leftOut).filter(({ type }) => type === 'SEQUENCE SET');
  if (entries.length === 0) return [];
  const ids = entries.map(({ dumpId }) => dumpId);
  return sequenceValues(
    await archiveSql({
      tools,
      scratch,
      signal,
      path: archive.path,
      entries: ids,
      parts: ['--data-only'],
    }),
    manifest.server.encoding,
  );
}

async function schemaCheck(
  manifest: Manifest,
  database: RestoredDatabase,
  archiveSchema: Promise<string> | undefined,
): Promise<Check> {
  const { parameters, tools, serverMajor, isWhole, isDescribed, leftOut, isAccepted, signal } = database;
  const isSameMajor = majorsOf(manifest).source === serverMajor;
  const compared = await withConnections(parameters, 1, signal, async ([client]) =>
    client === undefined
      ? undefined
      : await compareCatalog(client, manifest, { sameMajor: isSameMajor, isDescribed, leftOut }),
  );
  const faults = [...(compared?.faults ?? [])];
  const uncompared = compared?.limits ?? [];
  const limits = isAccepted ? [] : uncompared;
  const passed = [
    ...(compared?.passed === undefined ? [] : [compared.passed]),
    ...(isAccepted ? uncompared : []),
  ];
  const notCompared = compared?.notCompared ?? [];
  if (archiveSchema !== undefined) {
    const [expected, restored] = await Promise.all([
      archiveSchema,
      databaseSchema({
        tools,
        parameters,
        settings: await withConnections(parameters, 1, signal, async ([client]) =>
          client === undefined ? {} : settingsTakenHere(client, manifest.dump.settings ?? {}),
        ),
        encoding: manifest.server.encoding,
        signal,
        args: isWhole ? ['--create'] : [],
      }),
    ]);
    // Also minor versions mend how pg_dump writes something: its words are compared with its own only. What is
    // behind them the catalogs have told above.
    const by = isSameMajor && manifest.dump.pgDump === tools.version ? 'text' : 'presence';
    const { entries, differences, reworded } = compareSchemas(expected, restored, {
      by,
      isOfSchemas: manifest.selection?.schemas !== undefined,
    });
    for (const difference of differences) faults.push(difference);
    const notes = reworded === 0 ? '' : `, ${formatCount(reworded)} in other words`;
    passed.push(
      by === 'text'
        ? `${plural(entries, 'entry', 'entries')} as the archive has them${notes}`
        : `${plural(entries, 'entry', 'entries')} of the archive are there`,
    );
  }
  return checkOf('schema', { faults, limits, passed: passed.join('; '), notCompared });
}
