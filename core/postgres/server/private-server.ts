import { dirname } from 'node:path';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { isOwnNumber } from '../../scratch/user-processes.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import type { FoundTools } from '../programs/tools.ts';
import { type ClusterWishes, createCluster, PrivateServerError } from './cluster.ts';
import type { ServerProcess } from './control.ts';
import { chooseEndpoint, shareSocket, socketParameters, tcpParameters } from './endpoint.ts';
import type { Isolation } from './isolation.ts';
import { type Launchers, launchThrough, systemLaunchers } from './launchers.ts';
import type { ServerLimits } from './limits.ts';
import { chooseOsUser, chooseOwnUser, type OsUser, reachableTools } from './os-user.ts';
import { serverLog, startServerProcess } from './process.ts';
import { programRunner, type RunProgram } from './program-runner.ts';
import { openSandbox, type SandboxRequest } from './sandbox.ts';
import type { SandboxWay } from './sandbox-way.ts';
import type { SandboxPrograms } from './sandbox-ways.ts';
import { giveTo, makePlaces, ServerDirectories } from './server-directories.ts';
import { sweepAfter } from './sweep.ts';
import { runUncontained, type Uncontained } from './uncontained.ts';

export type PrivateServerOptions = ClusterWishes & {
  /** The server's programs. */
  readonly tools: FoundTools;
  readonly signal?: AbortSignal | undefined;
  /** Where its directory is made. Default: the system's directory for temporary files. */
  readonly parent?: string | undefined;
  /** The superuser. Default: `postgres`. */
  readonly user?: string | undefined;
  /** The superuser's password. Default: a random one; none where the socket alone is listened on, which asks for none. */
  readonly password?: string | undefined;
  /** Listens on a free port of 127.0.0.1 too. Default: on the Unix socket only. */
  readonly tcp?: boolean | undefined;
  /** It will run SQL that nobody vouches for, as superuser. Default: its SQL is the caller's own. */
  readonly hostile?: HostileSql | undefined;
};

/** How a server for hostile SQL is held. */
export type HostileSql = {
  readonly programs: SandboxPrograms;
  /** Where no sandbox works. */
  readonly uncontained: Uncontained;
  readonly limits: ServerLimits;
  /** Default: those of the system. */
  readonly launchers?: Launchers | undefined;
};

export type PrivateServer = {
  readonly major: number;
  /** `17.12` */
  readonly version: string;
  readonly tools: FoundTools;
  readonly isolation: Isolation;
  /** By the Unix socket, as the superuser. */
  readonly parameters: ConnectionParameters;
  /** By TCP, as the superuser; with option `tcp` only. */
  readonly tcpParameters: ConnectionParameters | undefined;
  /** Of the postmaster, or of the sandbox that holds it. */
  readonly pid: number;
  /** Everything of the server lies here; gone after `stop`. */
  readonly directory: string;
  /** The server's own log. */
  readonly logPath: string;
  /** Runs a program of the user's on what the server holds, contained as the server is. */
  readonly runProgram: RunProgram;
  /** Resolves when the postmaster is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Ends it at once, connections or not, and removes its directory. May be called again, also after `kill`. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to it and all its processes, as a crash would. The directory stays until `stop`. */
  readonly kill: () => Promise<void>;
};

/** A port that was free may be taken by another program before the server has it. */
const portAttempts = 3;

/**
 * A PostgreSQL server that lives only for the callback. Nothing of it is left afterwards: no process, no directory;
 * the same when the callback throws and when this process is killed.
 */
export async function withPrivateServer<T>(
  options: PrivateServerOptions,
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  const server = await startPrivateServer(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/**
 * Starts an empty server that favours speed over safety: what it holds is lost in a crash. Call `stop`.
 *
 * @throws PrivateServerError with the server's own words
 * @throws CannotBeContained where hostile SQL could reach this machine
 */
export async function startPrivateServer(options: PrivateServerOptions): Promise<PrivateServer> {
  const users: ServerUsers = { builder: await chooseOsUser(), osUser: await chooseServerUser(options) };
  for (let attempt = 1; ; attempt += 1) {
    const directories = new ServerDirectories();
    try {
      return await startIn(directories, users, options);
    } catch (error: unknown) {
      await directories.remove();
      const isPortTaken = error instanceof PrivateServerError && error.isPortTaken;
      if (!isPortTaken || attempt === portAttempts) throw error;
    }
  }
}

/** initdb wants a user with a name, which that of a server for hostile SQL has not. */
type ServerUsers = { readonly builder: OsUser | undefined; readonly osUser: OsUser | undefined };

function chooseServerUser({ hostile }: PrivateServerOptions): Promise<OsUser | undefined> {
  return hostile === undefined ? chooseOsUser() : chooseOwnUser();
}

async function startIn(
  directories: ServerDirectories,
  { builder, osUser }: ServerUsers,
  options: PrivateServerOptions,
): Promise<PrivateServer> {
  const { signal, hostile } = options;
  const { parent, directory, socketDirectory } = await makePlaces(directories, options.parent, builder);
  const endpoint = await chooseEndpoint(options);
  const tools = await reachableTools(options.tools, osUser, () => directories.make(parent));
  const places = { tools, osUser, directory, socketDirectory, signal };
  const data = await createCluster({ ...options, ...endpoint, ...places, osUser: builder });
  if (osUser !== undefined && osUser.uid !== builder?.uid)
    await giveTo(osUser, new Set([directory, socketDirectory]));
  const { isolation, sandbox, launch } = hostile === undefined ? trusted : await hold(hostile, places);
  // With hostile SQL in mind: see shareSocket.
  const host = hostile === undefined ? socketDirectory : await directories.make(dirname(socketDirectory));
  const started = await startServerProcess({ ...places, data, sandbox, limits: hostile?.limits, launch });
  const sweep = hostile === undefined ? undefined : await sweepAfter(isolation, osUser, started.pid);
  const running = sweep === undefined ? started : sweeping(started, sweep);
  const stop = stopping(running, directories, osUser);
  try {
    if (host !== socketDirectory) await shareSocket(socketDirectory, host, endpoint.port);
  } catch (error: unknown) {
    await stop();
    throw error;
  }
  return {
    major: tools.major,
    version: tools.version,
    tools: options.tools,
    isolation,
    directory,
    logPath: serverLog(directory),
    parameters: socketParameters(endpoint, host),
    tcpParameters: tcpParameters(endpoint, options.ssl !== undefined),
    pid: running.pid,
    runProgram: programRunner({ ...places, directories, port: endpoint.port, isolation, launch, hostile }),
    exited: running.exited,
    kill: running.kill,
    stop,
  };
}

type Held = {
  readonly isolation: Isolation;
  readonly sandbox: SandboxWay | undefined;
  readonly launch: readonly string[];
};

const trusted: Held = {
  isolation: { kind: 'unsandboxed', detail: 'not asked for' },
  sandbox: undefined,
  launch: [],
};

async function hold(
  { programs, uncontained, launchers = systemLaunchers }: HostileSql,
  places: Omit<SandboxRequest, 'programs'>,
): Promise<Held> {
  const { directory, osUser } = places;
  const { sandbox, reason } = await openSandbox({ ...places, programs });
  const launch = await launchThrough(launchers, directory, osUser, sandbox !== undefined);
  if (sandbox !== undefined) {
    const { tool, name } = sandbox;
    return { isolation: { kind: 'sandboxed', by: tool, detail: name }, sandbox, launch: launch.words };
  }
  const { hasNoNewPrivileges } = launch;
  const isolation = await runUncontained(uncontained, reason, { osUser, hasNoNewPrivileges });
  return { isolation, sandbox, launch: launch.words };
}

/** The same server, after whose end nothing that it started is left either. */
function sweeping(running: ServerProcess, sweep: () => Promise<void>): ServerProcess {
  const andSweep = (end: () => Promise<void>) => async (): Promise<void> => {
    try {
      await end();
    } finally {
      await sweep();
    }
  };
  return { ...running, stop: andSweep(running.stop), kill: andSweep(running.kill) };
}

/**
 * Watches over the server from now on, in case this process is killed. What is returned ends the server, the watch and
 * its directories, once, however often it is called.
 */
function stopping(
  running: ServerProcess,
  directories: ServerDirectories,
  osUser: OsUser | undefined,
): () => Promise<void> {
  const users = osUser !== undefined && isOwnNumber(osUser.uid) ? [osUser.uid] : [];
  const endWatch = watchForOrphans({ processes: [running.orphan], users });
  const stop = async (): Promise<void> => {
    try {
      await running.stop();
      endWatch();
    } finally {
      await directories.remove();
    }
  };
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= stop();
    return stopped;
  };
}
