import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { diskRoom } from '../../scratch/free-room.ts';
import { removeLeftovers } from '../../scratch/leftovers.ts';
import { processesOf } from '../../scratch/user-processes.ts';
import { withConnection } from '../connect/connect.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import { quoteIdentifier } from '../names.ts';
import type { FoundTools } from '../programs/tools.ts';
import { PrivateServerError } from './cluster.ts';
import { watchUsage } from './directory-usage.ts';
import { diskFilled } from './disk-filled.ts';
import type { Isolation } from './isolation.ts';
import { processesOfServer, type ServerLimits } from './limits.ts';
import { librariesOf, preloadSettings } from './preload.ts';
import { type PrivateServer, startPrivateServer } from './private-server.ts';
import { type SandboxPrograms, sandboxPrograms } from './sandbox-ways.ts';
import { availableMemory, verificationSettings, walSegmentMegabytes } from './size.ts';
import type { Uncontained } from './uncontained.ts';

export type VerificationServerOptions = {
  /** The server programs. */
  readonly tools: FoundTools;
  /**
   * The name of the source's bootstrap role (that of oid 10), so that a restore can give it the objects that it owns.
   * Any name that a role can have. One that begins with `pg_`, which no role can have, becomes `postgres`.
   */
  readonly superuser: string;
  /** Where the server's directories are made; what killed runs left here is removed first. */
  readonly directory: string;
  /** How much of the disk the server may take; its write-ahead log is sized by it. It is not a limit. */
  readonly roomBytes: number;
  /** What else comes to lie on the same disk meanwhile: the archive. Default: nothing. */
  readonly besideBytes?: number | undefined;
  /** What the server may use. Default: all that Lambda, the control group or the machine has. */
  readonly memoryBytes?: number | undefined;
  /** Connections that will work at the same time. */
  readonly jobs: number;
  /** Extensions that will be made in a database: those that must be preloaded are, where the programs have them. */
  readonly preload?: { readonly extensions: readonly string[]; readonly database: string } | undefined;
  /** Default: `process.env`. Read are AWS_LAMBDA_FUNCTION_MEMORY_SIZE and PATH. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Default: see sandboxPrograms. */
  readonly sandboxPrograms?: SandboxPrograms | undefined;
  /** What may be done where none of them makes a sandbox. */
  readonly uncontained: Uncontained;
  /** What the server's whole life may take at most. Default: no limit. */
  readonly limitSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type VerificationServer = {
  /** Its `parameters` name the superuser that was asked for. */
  readonly server: PrivateServer;
  readonly isolation: Isolation;
  /** The most that the server's directory took so far. */
  readonly peakBytes: () => number;
  readonly cpus: number;
  /** Aborts where the server takes, or may take, more room than it was given, and leaves the disk too little for others. */
  readonly noRoom: AbortSignal;
};

/**
 * A server for hostile SQL that lives only for the callback: socket only, sized to the machine, sandboxed where that
 * is possible (`isolation` says). Nothing of it is left, whatever happened.
 *
 * @throws PrivateServerError in the server's own words when it cannot start; CannotBeContained; the signal's reason
 */
export async function withVerificationServer<T>(
  options: VerificationServerOptions,
  use: (verification: VerificationServer) => Promise<T>,
): Promise<T> {
  const { directory, signal } = options;
  // The server lies in /tmp where the directory's path is too long for a socket, or closed to the server's user.
  for (const parent of new Set([directory, '/tmp'])) await removeLeftovers(parent);
  signal?.throwIfAborted();
  const server = await startVerificationServer(options);
  const noRoom = new AbortController();
  // SQL could remove the server's own directory, and what is above it not.
  const disk = dirname(server.directory);
  const atStart = diskRoom(disk);
  const usage = watchUsage(server.directory, async (bytes) => {
    const { roomBytes, besideBytes = 0 } = options;
    const { freeBytes: freeAtStartBytes } = await atStart;
    const why = diskFilled({
      ...{ directory: disk, roomBytes, besideBytes, bytes, freeAtStartBytes },
      ...(await diskRoom(disk)),
    });
    if (why !== undefined) noRoom.abort(why);
  });
  try {
    const parameters = await nameSuperuser(server.parameters, options.superuser, signal);
    return await use({
      server: { ...server, parameters },
      isolation: server.isolation,
      peakBytes: usage.peakBytes,
      cpus: availableParallelism(),
      noRoom: noRoom.signal,
    });
  } finally {
    await usage.stop();
    await server.stop();
  }
}

/** A library that this server cannot load keeps it from starting: then it goes without. */
async function startVerificationServer(options: VerificationServerOptions): Promise<PrivateServer> {
  const { tools, preload, signal } = options;
  const settings = preload === undefined ? {} : preloadSettings(preload, await librariesOf(tools));
  if (Object.keys(settings).length > 0) {
    try {
      return await startWith(options, settings);
    } catch (error: unknown) {
      if (!(error instanceof PrivateServerError)) throw error;
      signal?.throwIfAborted();
    }
  }
  return await startWith(options, {});
}

async function startWith(
  options: VerificationServerOptions,
  preloading: Readonly<Record<string, string>>,
): Promise<PrivateServer> {
  const { tools, superuser, directory, roomBytes, jobs, env = process.env, signal } = options;
  const cpus = availableParallelism();
  const machine = { totalBytes: totalmem(), constrainedBytes: process.constrainedMemory?.() };
  const memoryBytes = options.memoryBytes ?? availableMemory(env, machine);
  return startPrivateServer({
    tools,
    signal,
    parent: directory,
    user: isPlain(superuser) ? superuser : 'postgres',
    hostile: {
      programs: options.sandboxPrograms ?? sandboxPrograms(tools, env),
      uncontained: options.uncontained,
      limits: await limitsOf(options, memoryBytes),
    },
    settings: { ...verificationSettings({ memoryBytes, roomBytes, jobs, cpus }), ...preloading },
    initdbArguments: [
      '--encoding',
      'UTF8',
      '--no-locale',
      `--wal-segsize=${walSegmentMegabytes}`,
      // On by default from 18 on. What is read here was written a moment ago.
      ...(tools.major >= 18 ? ['--no-data-checksums'] : []),
    ],
  });
}

/**
 * One process may take all of the memory, one file all of the room (a table's files are 1 GB): it is the machine that is
 * protected. What else runs as the same user counts among its processes.
 */
async function limitsOf(
  { roomBytes, limitSeconds = unlimitedSeconds }: VerificationServerOptions,
  memoryBytes: number,
): Promise<ServerLimits> {
  const uid = process.getuid?.() ?? 0;
  const others = uid === 0 ? [] : await processesOf(uid);
  return {
    processes: processesOfServer + others.reduce((sum, { threads }) => sum + threads, 0),
    dataBytes: memoryBytes,
    fileBytes: Math.max(roomBytes, 2 * 1024 ** 3),
    cpuSeconds: limitSeconds,
  };
}

/** A month. */
const unlimitedSeconds = 2_678_400;

/**
 * initdb writes the name into a script without quoting it: it fails on quotes, backslashes and $, and replaces words
 * in capitals such as ENCODING.
 */
function isPlain(name: string): boolean {
  return /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(name);
}

/** A role cannot rename itself: a second one does it, and is dropped. */
async function nameSuperuser(
  parameters: ConnectionParameters,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ConnectionParameters> {
  if (name === parameters.user || name.startsWith('pg_')) return parameters;
  const helper = name === 'pgproof' ? 'pgproof_helper' : 'pgproof';
  const run = (user: string, sql: string): Promise<unknown> =>
    withConnection({ ...parameters, user }, { signal }, (client) => client.query(sql));
  await run(parameters.user, `CREATE ROLE ${helper} SUPERUSER LOGIN`);
  await run(helper, `ALTER ROLE ${quoteIdentifier(parameters.user)} RENAME TO ${quoteIdentifier(name)}`);
  await run(name, `DROP ROLE ${helper}`);
  return { ...parameters, user: name };
}
