import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { lockFrom } from '../config/object-lock.ts';
import { previousBackup } from '../inventory/previous-backup.ts';
import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import type { BackupWarning, DatabaseLocale, Manifest, StoredFile } from '../manifest/manifest.ts';
import { childEnvironment } from '../postgres/connect/child-environment.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { connectionRedactor } from '../postgres/connect/connection-redactor.ts';
import { queryFailed } from '../postgres/connect/query-failed.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import {
  databasesInOtherEncodings,
  dumpGlobals,
  type GlobalNames,
  type Globals,
  readGlobalNames,
} from '../postgres/dump/dump-globals.ts';
import { WarningCollector } from '../postgres/dump/warnings.ts';
import { readDatabaseLocale } from '../postgres/facts/database-locale.ts';
import { readServerFacts } from '../postgres/facts/server-facts.ts';
import { openSnapshot } from '../postgres/facts/snapshot.ts';
import { readSystemIdentifier } from '../postgres/facts/system-identifier.ts';
import { canCreateItself } from '../postgres/pg-restore/new-database.ts';
import { type PostgresTools, toolPath } from '../postgres/programs/tools.ts';
import { abortReasonOr } from '../process/stop-reason.ts';
import { together } from '../process/together.ts';
import { watchdog } from '../process/watchdog.ts';
import { whenTold } from '../process/when-told.ts';
import type { ObjectLock, StagedObject } from '../store/store.ts';
import type { Attempt, Held } from './attempt-context.ts';
import { commitBackup } from './commit-backup.ts';
import { archiveRequest, dumpListeners } from './dump-listeners.ts';
import { dumpOptions } from './dump-options.ts';
import { type BackupFacts, makeManifest, type Recorded, storedFile } from './make-manifest.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';
import { recordContents } from './record-contents.ts';
import { recordGlobalState } from './record-global-state.ts';
import { type Selected, selectTables } from './selected.ts';
import { startDump } from './start-dump.ts';
import { takeArchive } from './take-archive.ts';
import { takeTurn } from './take-turn.ts';
import { withComparison } from './with-comparison.ts';

const globalsName = 'globals.sql';
const databaseName = 'database.sql';

/** Stores the snapshot: archive, roles and counts at once, then everything made visible. Leaves nothing on failure. */
async function takeSnapshot(attempt: Attempt, held: Held): Promise<Manifest> {
  const { id, dependencies, signal } = attempt;
  const { parameters, server, systemIdentifier } = held;
  const { host, port } = parameters;
  const tools = await dependencies.tools(server.major);
  const wished = await dumpOptions(attempt, held.snapshot, tools);
  const { dump, snapshot, selected } = await selectTables(attempt, held, { dump: wished, tools });
  const staged: StagedObject[] = [];
  try {
    // Beside the dump, so that no backup waits for it.
    const before = previousBackup(dependencies.store, id, signal);
    before.catch(() => undefined);
    const { files, globals, locale, recorded, warnings } = await readAll(
      attempt,
      { ...held, snapshot },
      { tools, dump, selected },
      staged,
    );
    const previous = await before;
    dependencies.onProgress({ kind: 'storing', database: id.database });
    const { databaseSql } = recorded;
    const small = [
      { role: 'globals', name: globalsName, content: globals.sql } as const,
      ...(databaseSql === undefined
        ? []
        : [{ role: 'database', name: databaseName, content: databaseSql } as const]),
    ];
    for (const { name, content } of small) {
      const options = { expectedBytes: content.length, isSmall: true, lock: attempt.lock(), signal };
      staged.push(await dependencies.store.stage(keyOf(id, name), Readable.from([content]), options));
    }
    const made = makeManifest({
      id,
      server,
      cluster: { systemIdentifier, host, port },
      previous: previous.previous,
      snapshot,
      dump,
      globals,
      locale,
      recorded,
      warnings,
      selected,
      finishedAt: dependencies.clock(),
      pgDumpVersion: tools.version,
      objects: [...files, ...small.map(({ role, name, content }) => storedFile(role, name, content))],
    });
    signal.throwIfAborted();
    const manifest = withComparison(made, previous.warnings, attempt.onWarning);
    const { store } = dependencies;
    return await commitBackup({ ...attempt, store, id, staged, manifest });
  } catch (error: unknown) {
    await Promise.all(staged.map((object) => object.abort()));
    throw error;
  }
}

type Read = {
  readonly files: readonly StoredFile[];
  readonly globals: Globals & GlobalNames & Pick<BackupFacts['globals'], 'state'>;
  readonly locale: DatabaseLocale;
  readonly recorded: Recorded;
  readonly warnings: readonly BackupWarning[];
};

/** pg_dump, pg_dumpall and what is recorded side by side: what one waits for, the others use. */
async function readAll(
  attempt: Attempt,
  held: Held,
  way: {
    readonly tools: PostgresTools;
    readonly dump: DumpOptions;
    readonly selected: Selected | undefined;
  },
  staged: StagedObject[],
): Promise<Read> {
  const { tools, dump, selected } = way;
  const { id, plan, dependencies, signal, group, touch } = attempt;
  const { parameters, client, server, snapshot } = held;
  const { database } = id;
  const { databaseBytes, tables } = snapshot;
  dependencies.onProgress({ kind: 'started', database, expectedBytes: databaseBytes, tables: tables.length });
  const env = childEnvironment(parameters, snapshot.encoding);
  const redact = connectionRedactor(parameters);
  const said = { dump: new WarningCollector('pg_dump'), dumpall: new WarningCollector('pg_dumpall') };
  const own: BackupWarning[] = [];
  const onWarning = (message: string): void => {
    own.push({ program: 'pgproof', message: redact(message) });
    attempt.onWarning(message);
  };
  for (const message of selected?.warnings ?? []) onWarning(message);
  const locked = whenTold();
  const archive = takeArchive({
    ...archiveRequest(attempt, dump, databaseBytes),
    startDump: (directory) =>
      startDump(
        {
          dump,
          tools,
          env,
          redact,
          signal,
          onLocked: locked.tell,
          onLine: (line) => said.dump.line(line),
          ...dumpListeners(attempt),
        },
        directory,
      ),
  }).then((taken) => {
    staged.push(...taken.staged);
    return taken.files;
  });
  const recording = recordContents({
    client,
    database,
    snapshot,
    rows: plan.rows,
    fingerprint: plan.fingerprint,
    describe: plan.format === 'plain' || !canCreateItself({ database, server: snapshot }),
    part: selected?.part,
    pgDumpMajor: tools.major,
    locked: locked.told,
    dumped: archive,
    signal,
    onLife: touch,
    onWarning,
  });
  const request = {
    program: toolPath(tools, 'pg_dumpall'),
    database,
    encoding: snapshot.encoding,
    others: () => withConnection(parameters, { signal }, databasesInOtherEncodings),
    env,
    redact,
    signal,
    onStderrLine: (line: string) => said.dumpall.line(line),
  };
  const [files, globals, recorded] = await together(group, [
    archive,
    dumpGlobals(request, { wanted: plan.rolePasswords, mayRead: server.mayReadPasswords }),
    recording,
  ]);
  const { encoding } = snapshot;
  try {
    const names = await readGlobalNames(client, globals.sql, encoding);
    const locale = await readDatabaseLocale(client);
    // Last, as it may leave the transaction aborted.
    const state = await recordGlobalState({
      client,
      parameters,
      names,
      encoding,
      signal,
      onWarning,
    });
    const warnings = [...said.dump.found(), ...said.dumpall.found(), ...own];
    return { files, recorded, globals: { ...globals, ...names, state }, locale, warnings };
  } catch (cause: unknown) {
    throw queryFailed(`What ${JSON.stringify(database)} is like could not be read`, cause);
  }
}

/** Opens the snapshot and stores it, once. @throws what ended it: where it was aborted, the abort's reason */
export async function attemptBackup(
  id: BackupId,
  plan: BackupPlan,
  dependencies: BackupDependencies,
  reached: Reached,
): Promise<Manifest> {
  const parameters = { ...(await dependencies.source.resolve()), database: id.database };
  const group = new AbortController();
  const stall = watchdog(plan.stallSeconds, `The backup of ${JSON.stringify(id.database)}`);
  const signal = AbortSignal.any([dependencies.signal, stall.signal, group.signal]);
  // Every child, query and upload listens to it; a directory has one upload per file.
  setMaxListeners(0, signal);
  try {
    return await withConnection(parameters, { signal }, async (client) => {
      const server = await readServerFacts(client);
      const systemIdentifier = await readSystemIdentifier(client);
      const turn = (): Promise<void> => takeTurn(client, id.database);
      const snapshot = await openSnapshot(client, plan.lockWaitSeconds, turn).catch((cause: unknown) => {
        throw queryFailed(`The tables of ${JSON.stringify(id.database)} could not be listed`, cause);
      });
      const onWarning = (message: string): void =>
        dependencies.onProgress({ kind: 'warning', database: id.database, message });
      const lock = (): ObjectLock | undefined => lockFrom(plan.lock, dependencies.clock());
      const { touch } = stall;
      const context = { id, plan, dependencies, reached, signal, group, touch, onWarning, lock };
      return await takeSnapshot(context, { parameters, client, server, systemIdentifier, snapshot });
    });
  } catch (error: unknown) {
    // Whatever broke because of it, the reason to tell is the abort's.
    throw abortReasonOr(signal, error);
  } finally {
    stall.stop();
  }
}
