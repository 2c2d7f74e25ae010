import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inheritedDescriptors } from '../../process/inherited-descriptors.ts';
import { type FoundTools, toolPath } from '../programs/tools.ts';
import { PrivateServerError, serverEnvironment } from './cluster.ts';
import { controlSandbox, controlServer, type ServerChild, type ServerProcess } from './control.ts';
import { limitWords, type ServerLimits } from './limits.ts';
import type { OsUser } from './os-user.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { sandboxedPid } from './sandbox.ts';
import type { SandboxWay } from './sandbox-way.ts';

const startLimitMilliseconds = 60_000;
/** The postmaster says that it is ready in a file only; pg_ctl looks every 100 ms. */
const pollMilliseconds = 10;

export type StartOptions = {
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  readonly directory: string;
  readonly data: string;
  /** Default: none; the postmaster is our own child. */
  readonly sandbox: SandboxWay | undefined;
  /** Default: none. */
  readonly limits?: ServerLimits | undefined;
  /** What it is started through, as Launch has it. Default: nothing. */
  readonly launch?: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
};

/** What the server writes down, in the directory that it lives in. */
export function serverLog(directory: string): string {
  return join(directory, 'log');
}

/**
 * Starts the postmaster and waits until it takes connections.
 * @throws PrivateServerError with the server's own words, or the sandbox's
 */
export async function startServerProcess(options: StartOptions): Promise<ServerProcess> {
  const { osUser, directory, data, sandbox, signal } = options;
  signal?.throwIfAborted();
  const logPath = serverLog(directory);
  const started = await spawnServer(options, logPath);
  // Before waiting for the server: what the sandbox says must not be missed.
  const inner = sandbox === undefined ? undefined : sandboxedPid(started.child);
  const control = (): Promise<ServerProcess> =>
    inner === undefined ? controlServer(started, data, osUser) : controlSandbox(started, inner);
  try {
    await waitUntilReady(started.child, data, logPath, signal);
  } catch (error: unknown) {
    await (await control()).kill();
    throw error;
  }
  return control();
}

async function spawnServer(options: StartOptions, logPath: string): Promise<ServerChild> {
  const { tools, osUser, directory, data, sandbox, limits, launch = [] } = options;
  const inherited = await inheritedDescriptors();
  const log = await open(logPath, 'a', 0o600);
  const nothing = await open('/dev/null', 'r+');
  const [program, ...args] = [
    ...(limits === undefined ? [] : limitWords(limits)),
    ...launch,
    ...(sandbox === undefined ? [] : [sandbox.program, ...sandbox.args]),
    toolPath(tools, 'postgres'),
    '-D',
    data,
  ] as [string, ...string[]];
  const child = spawn(program, args, {
    cwd: directory,
    env: serverEnvironment(directory),
    ...(sandbox?.startsAsRoot === true ? {} : { uid: osUser?.uid, gid: osUser?.gid }),
    // A session of its own: Ctrl-C on the terminal is for us, and we stop the server in our own time.
    detached: true,
    stdio: standardAndNull(
      ['ignore', log.fd, log.fd, ...(sandbox === undefined ? [] : (['pipe'] as const))],
      inherited,
      nothing.fd,
    ),
  });
  const spawned = once(child, 'spawn');
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    await spawned;
  } catch (error: unknown) {
    throw new PrivateServerError(
      {
        what: 'The PostgreSQL server could not be started',
        got: String(error),
        fix: `Check ${tools.directory}.`,
      },
      { cause: error },
    );
  } finally {
    await log.close();
    await nothing.close();
  }
  return { child, exited };
}

type Stdio = 'ignore' | 'pipe' | number;

/**
 * A sandbox keeps descriptors open: by that of a directory outside (`/proc/self/fd/9/..`) SQL would reach every file and
 * socket of the machine. What this process was handed becomes /dev/null in the server.
 */
export function standardAndNull(
  standard: readonly Stdio[],
  inherited: readonly number[],
  nothing: number,
): Stdio[] {
  const all = [...standard];
  for (const fd of [...inherited].sort((one, other) => one - other)) {
    // Beyond the standard ones this means that nothing is put there.
    while (all.length < fd) all.push('ignore');
    all[fd] ??= nothing;
  }
  return all;
}

async function waitUntilReady(
  child: ChildProcess,
  data: string,
  logPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + startLimitMilliseconds;
  while (!(await readPostmasterFile(data)).isReady) {
    signal?.throwIfAborted();
    const isGone = child.exitCode !== null || child.signalCode !== null;
    if (isGone || performance.now() > deadline) throw await notStarted(isGone, logPath);
    await sleep(pollMilliseconds);
  }
}

async function notStarted(isGone: boolean, logPath: string): Promise<PrivateServerError> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const said = log.trim().split('\n').slice(-5).join(' ').slice(-1000);
  return new PrivateServerError(
    {
      what: 'The PostgreSQL server did not start',
      got: isGone
        ? said || 'it ended without a word'
        : `not ready after ${startLimitMilliseconds / 1000} s; ${said}`,
      fix: 'Its own words above say what it needs.',
    },
    { isPortTaken: /Address already in use/.test(log) },
  );
}
