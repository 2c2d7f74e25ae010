import { setMaxListeners } from 'node:events';
import { PgproofError } from '../../errors.ts';
import type { BackupId } from '../../manifest/backup-id.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { overrideDatabaseSettings, withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import type { VerificationTools } from '../../postgres/programs/obtain.ts';
import type { FoundTools } from '../../postgres/programs/tools.ts';
import type { Isolation } from '../../postgres/server/isolation.ts';
import type { SandboxPrograms } from '../../postgres/server/sandbox-ways.ts';
import type { Uncontained } from '../../postgres/server/uncontained.ts';
import { withVerificationServer } from '../../postgres/server/verification-server.ts';
import { type Scratch, withScratchDirectory } from '../../scratch/scratch.ts';
import type { Store } from '../../store/store.ts';
import { applyRoles } from '../prove/apply-roles.ts';
import type { RestoreContext } from '../prove/context.ts';
import { restoreInto } from '../prove/restore-into.ts';
import type { Restored } from '../prove/restored.ts';
import type { StoredChecks } from '../read/check-stored.ts';
import type { VerifyProgress } from '../request.ts';
import { fetchAll } from './fetch-all.ts';
import type { LookPlan } from './plan.ts';

/** So little came of the restore that there is nothing to look at. */
export class NothingToLookAt extends PgproofError {
  override readonly name = 'NothingToLookAt';
}

/** What of an archive is restored. */
export type Chosen = {
  /** Entries that stay away, by dump id. */
  readonly leaveOut: ReadonlySet<number>;
  /** What people should know of it. */
  readonly notes: readonly string[];
};

export type LookRequest = {
  readonly id: BackupId;
  readonly manifest: Manifest;
  readonly plan: LookPlan;
  /** Chooses what is restored, once the archive lies in `path`; undefined: all of it. */
  readonly choose?:
    | ((archive: {
        readonly path: string;
        readonly tools: FoundTools;
        /** For files of ours. */
        readonly directory: string;
        readonly signal: AbortSignal;
      }) => Promise<Chosen | undefined>)
    | undefined;
};

export type LookDependencies = {
  readonly store: Store;
  readonly serverTools: VerificationTools;
  readonly scratch: Scratch;
  readonly uncontained: Uncontained;
  /** @default see sandboxPrograms */
  readonly sandboxPrograms?: SandboxPrograms | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
};

/** A backup that lives in a private server as long as it is looked at. */
export type LookedAt = {
  /** Of the private server's socket and the restored database, as the superuser. There is no password. */
  readonly parameters: ConnectionParameters;
  readonly serverVersion: string;
  readonly isolation: Isolation;
  /** Roles, database and rows. */
  readonly restoreSeconds: number;
  /** What is not there, or not as it was, and why: a line each. Empty where all of it is. */
  readonly lacking: readonly string[];
  readonly notes: readonly string[];
  /** Aborts where whoever waits should stop: it was asked for, or the disk fills. */
  readonly signal: AbortSignal;
};

/**
 * Restores a backup into a private server that is contained as a verification's is, and gives it to `use`; afterwards
 * nothing of it is left. What the server lacks (an extension, a locale) or refuses is told, and the rest is there. Nothing
 * is proven, and nothing written to the store.
 *
 * @throws ChecksumMismatch, CannotBeContained, NothingToLookAt; what `choose` and `use` throw, and the signal's reason
 */
export async function withRestored<T>(
  request: LookRequest,
  dependencies: LookDependencies,
  use: (looked: LookedAt) => Promise<T>,
): Promise<T> {
  const { manifest, plan } = request;
  const { serverTools, scratch, onProgress } = dependencies;
  return await withScratchDirectory(scratch, async (directory) => {
    const left = new AbortController();
    const signal = AbortSignal.any([dependencies.signal, left.signal]);
    // Every child, connection and read listens to it.
    setMaxListeners(0, signal);
    onProgress?.({ step: 'starting', version: serverTools.server.version });
    // The server is made meanwhile.
    const fetching = fetchStored(request, directory, { ...dependencies, signal });
    fetching.catch(() => undefined);
    const options = {
      tools: serverTools.server,
      superuser: manifest.globals.bootstrapRole ?? 'postgres',
      directory: scratch.directory,
      roomBytes: plan.databaseBytes,
      besideBytes: plan.keepArchive ? archiveBytes(manifest) : 0,
      jobs: plan.jobs,
      preload: { extensions: manifest.extensions.map(({ name }) => name), database: manifest.database },
      sandboxPrograms: dependencies.sandboxPrograms,
      uncontained: dependencies.uncontained,
      signal,
    };
    try {
      return await withVerificationServer(options, async (verification) => {
        const stored = await fetching;
        const limited = AbortSignal.any([signal, verification.noRoom]);
        setMaxListeners(0, limited);
        const context = contextOf(
          request,
          { ...dependencies, signal: limited },
          { verification, stored, directory },
        );
        return await use(await restoreFor(request, context));
      });
    } finally {
      left.abort();
      await fetching.catch(() => undefined);
    }
  });
}

function fetchStored(
  { id, manifest, plan }: LookRequest,
  directory: string,
  { store, signal, onProgress }: LookDependencies,
): Promise<StoredChecks> {
  const totalBytes = manifest.objects.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
    onProgress?.({ step: 'reading', bytes, totalBytes });
  };
  return fetchAll(manifest, directory, { store, id, signal, onBytes, keepArchive: plan.keepArchive });
}

function contextOf(
  { id, plan }: LookRequest,
  { store, serverTools, scratch, uncontained, sandboxPrograms, signal, onProgress }: LookDependencies,
  made: Pick<RestoreContext, 'verification' | 'stored' | 'directory'>,
): RestoreContext {
  return {
    ...made,
    ...plan,
    store,
    id,
    signal,
    scratch,
    serverTools,
    uncontained,
    sandboxPrograms,
    onProgress,
    onBytes: () => undefined,
    tools: async () => serverTools.client,
    // Whoever waits for it can end it.
    stallSeconds: Number.POSITIVE_INFINITY,
    limitSeconds: Number.POSITIVE_INFINITY,
    userChecks: [],
    without: [],
  };
}

async function restoreFor({ manifest, choose }: LookRequest, context: RestoreContext): Promise<LookedAt> {
  const { stored, serverTools, verification, directory, signal } = context;
  const { server, isolation } = verification;
  const began = performance.now();
  const path = stored.kept !== undefined && 'path' in stored.kept ? stored.kept.path : undefined;
  const chosen =
    path === undefined ? undefined : await choose?.({ path, tools: serverTools.client, directory, signal });
  const roles = await applyRoles(server.parameters, manifest, stored.globals ?? Buffer.of(), signal);
  const restored = await restoreInto(manifest, { ...context, leaveOut: chosen?.leaveOut });
  const lacking = [
    ...(roles.status === 'passed' ? [] : [`roles: ${roles.detail}`]),
    ...restored.faults,
    ...restored.limits,
  ];
  const parameters = sessionOf(manifest, server.parameters, server.major, restored);
  await look(manifest, parameters, lacking, signal);
  return {
    parameters,
    serverVersion: server.version,
    isolation,
    restoreSeconds: (performance.now() - began) / 1_000,
    lacking,
    notes: [...(chosen?.notes ?? []), ...restored.notes],
    signal,
  };
}

/** What the database says of sessions must not keep people out: limits of time, triggers at login, libraries that lack here. */
function sessionOf(
  { database }: Manifest,
  server: ConnectionParameters,
  major: number,
  { withoutSessionLibraries: isWithout }: Restored,
): ConnectionParameters {
  const parameters = overrideDatabaseSettings({ ...server, database }, major);
  return isWithout ? withoutSessionLibraries(parameters) : parameters;
}

async function look(
  { id }: Manifest,
  parameters: ConnectionParameters,
  lacking: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await withConnection(parameters, { signal }, (client) => client.query('select 1'));
  } catch (cause: unknown) {
    signal.throwIfAborted();
    throw new NothingToLookAt(
      {
        what: `${id} could not be restored into a private server`,
        got: lacking.length > 0 ? lacking.join('\n') : String(cause),
        fix: 'Look at another backup (pgproof list); pgproof verify ID --level restore says what is wrong with this one.',
      },
      { cause },
    );
  }
}
