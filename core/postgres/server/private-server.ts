import { randomBytes } from 'node:crypto';
import { chown, link } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { makeMarkedDirectory, removeTree } from '../../scratch/leftovers.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import type { FoundTools } from '../programs/tools.ts';
import { type AuthMethod, createCluster, PrivateServerError } from './cluster.ts';
import { chooseOsUser, isReachable, type OsUser, reachableTools } from './os-user.ts';
import { type ServerProcess, startServerProcess } from './process.ts';
import { type Isolation, openSandbox, type SandboxRequest } from './sandbox.ts';

export type PrivateServerOptions = {
  /** The server's programs. */
  readonly tools: FoundTools;
  readonly signal?: AbortSignal | undefined;
  /** Where its directory is made. Default: the system's directory for temporary files. */
  readonly parent?: string | undefined;
  /** The superuser. Default: `postgres`. */
  readonly user?: string | undefined;
  /** The superuser's password. Default: a random one. */
  readonly password?: string | undefined;
  /** Listens on a free port of 127.0.0.1 too. Default: on the Unix socket only. */
  readonly tcp?: boolean | undefined;
  /** Certificate and key as PEM texts. Default: no TLS. */
  readonly ssl?: { readonly cert: string; readonly key: string } | undefined;
  /** Default: `trust` on the socket, whose directory only we may enter; `scram-sha-256` on TCP. */
  readonly authMethod?: AuthMethod | undefined;
  /** Lines of pg_hba.conf that come before the server's own. */
  readonly hbaLines?: readonly string[] | undefined;
  /** Lines of postgresql.conf, by name. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default: `--encoding UTF8 --no-locale`. */
  readonly initdbArguments?: readonly string[] | undefined;
  /**
   * The server is to be contained (see openSandbox): paths of bwrap to try. Where none works it runs all the same,
   * and `isolation` says so. Default: not contained.
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
  /** Resolves when the postmaster is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Ends it at once, connections or not, and removes its directory. May be called again, also after `kill`. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to it and all its processes, as a crash would. The directory stays until `stop`. */
  readonly kill: () => Promise<void>;
};

/** Linux allows 107 bytes, macOS 103. */
const socketPathLimit = 103;
/** A free port may be taken by someone else before the server has it. */
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
    try {
      return await startOnce(osUser, options);
    } catch (error: unknown) {
      const isPortTaken = error instanceof PrivateServerError && /Address already in use/.test(error.message);
      if (!isPortTaken || attempt === portAttempts) throw error;
    }
  }
}

async function startOnce(osUser: OsUser | undefined, options: PrivateServerOptions): Promise<PrivateServer> {
  const { tools: found, signal, authMethod, tcp = false } = options;
  const directories: string[] = [];
  const removeDirectories = async (): Promise<void> => {
    const ended = await Promise.allSettled(directories.map(removeTree));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  };
  let stopServer = removeDirectories;
  const makeDirectory = async (parent: string, forWhom?: OsUser | undefined): Promise<string> => {
    const made = await makeMarkedDirectory(parent);
    directories.push(made);
    if (forWhom !== undefined) await chown(made, forWhom.uid, forWhom.gid);
    return made;
  };
  try {
    const parent = await chooseParent(options.parent, osUser);
    const directory = await makeDirectory(parent, osUser);
    const socketDirectory = fitsSocket(directory) ? directory : await makeDirectory('/tmp', osUser);

    const port = tcp ? await freePort() : 5432;
    const user = options.user ?? 'postgres';
    const password = options.password ?? randomBytes(18).toString('base64url');
    const tools = await reachableTools(found, osUser, () => makeDirectory(parent));
    const { isolation, sandbox } = await isolate({ tools, osUser, directory, socketDirectory }, options);
    const data = await createCluster({
      tools,
      osUser,
      directory,
      socketDirectory,
      port,
      tcp,
      user,
      password,
      signal,
      ssl: options.ssl,
      socketAuth: authMethod ?? 'trust',
      tcpAuth: authMethod ?? 'scram-sha-256',
      hbaLines: options.hbaLines ?? [],
      settings: options.settings ?? {},
      initdbArguments: options.initdbArguments ?? [],
    });
    // With hostile SQL in mind: see shareSocket.
    const host =
      options.bubblewrap === undefined ? socketDirectory : await makeDirectory(dirname(socketDirectory));
    const running = await startServerProcess({ tools, osUser, directory, data, sandbox, signal });
    const calmWatch = watchForOrphans({ processes: [running.orphan], directories });
    stopServer = async () => {
      await stopAndClean(running, removeDirectories);
      calmWatch();
    };
    if (host !== socketDirectory) await shareSocket(socketDirectory, host, port);

    const parameters: ConnectionParameters = {
      host,
      port,
      user,
      password,
      database: 'postgres',
      tls: { mode: 'disable' },
      connectTimeoutSeconds: 10,
    };
    const tls = { mode: options.ssl === undefined ? 'disable' : 'require' } as const;
    return {
      major: tools.major,
      version: tools.version,
      tools: found,
      isolation,
      directory,
      parameters,
      tcpParameters: tcp ? { ...parameters, host: '127.0.0.1', tls } : undefined,
      pid: running.pid,
      exited: running.exited,
      kill: running.kill,
      stop: onceOnly(stopServer),
    };
  } catch (error: unknown) {
    await stopServer();
    throw error;
  }
}

async function stopAndClean(running: ServerProcess, removeDirectories: () => Promise<void>): Promise<void> {
  try {
    await running.stop();
  } finally {
    await removeDirectories();
  }
}

function onceOnly(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

function isolate(
  request: Pick<SandboxRequest, 'tools' | 'osUser' | 'directory' | 'socketDirectory'>,
  { bubblewrap, signal }: PrivateServerOptions,
): ReturnType<typeof openSandbox> {
  if (bubblewrap !== undefined) return openSandbox({ ...request, bubblewrap, signal });
  return Promise.resolve({ isolation: { kind: 'unsandboxed', detail: 'not asked for' }, sandbox: undefined });
}

/**
 * Gives the socket a second name, in a directory that the server cannot write: SQL in it could otherwise put a link
 * to another server's socket in place of its own, and have our clients work there.
 */
async function shareSocket(from: string, to: string, port: number): Promise<void> {
  const name = `.s.PGSQL.${port}`;
  await link(join(from, name), join(to, name));
}

/** root's own TMPDIR may be closed to the user that the server runs as. */
async function chooseParent(wanted: string | undefined, osUser: OsUser | undefined): Promise<string> {
  const first = wanted ?? tmpdir();
  return (await isReachable(first, osUser)) ? first : '/tmp';
}

function fitsSocket(directory: string): boolean {
  return Buffer.byteLength(join(directory, '.s.PGSQL.65535.lock')) <= socketPathLimit;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
