import { dirname } from 'node:path';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import type { FoundTools } from '../programs/tools.ts';
import { type ClusterWishes, createCluster, PrivateServerError } from './cluster.ts';
import type { ServerProcess } from './control.ts';
import { chooseEndpoint, shareSocket, socketParameters, tcpParameters } from './endpoint.ts';
import { chooseOsUser, type OsUser, reachableTools } from './os-user.ts';
import { serverLog, startServerProcess } from './process.ts';
import { type Isolation, openSandbox, type SandboxAttempt } from './sandbox.ts';
import { makePlaces, ServerDirectories } from './server-directories.ts';

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
  /**
   * The server is to be sandboxed (see openSandbox): paths of bwrap to try. Where none works it runs all the same,
   * and `isolation` says so. Default: not sandboxed.
   */
  readonly bubblewrap?: readonly string[] | undefined;
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
 */
export async function startPrivateServer(options: PrivateServerOptions): Promise<PrivateServer> {
  const osUser = await chooseOsUser();
  for (let attempt = 1; ; attempt += 1) {
    const directories = new ServerDirectories();
    try {
      return await startIn(directories, osUser, options);
    } catch (error: unknown) {
      await directories.remove();
      const isPortTaken = error instanceof PrivateServerError && error.isPortTaken;
      if (!isPortTaken || attempt === portAttempts) throw error;
    }
  }
}

async function startIn(
  directories: ServerDirectories,
  osUser: OsUser | undefined,
  options: PrivateServerOptions,
): Promise<PrivateServer> {
  const { signal, bubblewrap } = options;
  const { parent, directory, socketDirectory } = await makePlaces(directories, options.parent, osUser);
  const endpoint = await chooseEndpoint(options);
  const tools = await reachableTools(options.tools, osUser, () => directories.make(parent));
  const { isolation, sandbox } =
    bubblewrap === undefined
      ? notAskedFor
      : await openSandbox({ tools, osUser, directory, socketDirectory, bubblewrap, signal });
  const data = await createCluster({
    ...options,
    ...endpoint,
    tools,
    osUser,
    directory,
    socketDirectory,
    signal,
  });
  // With hostile SQL in mind: see shareSocket.
  const host = bubblewrap === undefined ? socketDirectory : await directories.make(dirname(socketDirectory));
  const running = await startServerProcess({ tools, osUser, directory, data, sandbox, signal });
  const stop = stopping(running, directories);
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
    exited: running.exited,
    kill: running.kill,
    stop,
  };
}

const notAskedFor: SandboxAttempt = {
  isolation: { kind: 'unsandboxed', detail: 'not asked for' },
  sandbox: undefined,
};

/**
 * Watches over the server from now on, in case this process is killed. What is returned ends the server, the watch and
 * its directories, once, however often it is called.
 */
function stopping(running: ServerProcess, directories: ServerDirectories): () => Promise<void> {
  const endWatch = watchForOrphans({ processes: [running.orphan] });
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
