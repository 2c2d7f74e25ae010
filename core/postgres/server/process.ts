import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Orphan } from '../../process/orphan-watch.ts';
import { processStart, sendSignal, serverProcesses, waitUntilGone } from '../../scratch/processes.ts';
import { type FoundTools, toolPath } from '../programs/tools.ts';
import { PrivateServerError, serverEnvironment } from './cluster.ts';
import type { OsUser } from './os-user.ts';
import { type Sandbox, sandboxedPid } from './sandbox.ts';

const startLimitMilliseconds = 60_000;
const stopLimitMilliseconds = 10_000;
/** The postmaster says that it is ready in a file only; pg_ctl looks every 100 ms. */
const pollMilliseconds = 10;

export type ServerProcess = {
  /** Of the postmaster, or of the sandbox that it runs in. */
  readonly pid: number;
  /** What has to be ended when this process is gone, and with what. */
  readonly orphan: Orphan;
  /** Resolves when the postmaster is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Immediate shutdown; every connection breaks. Resolves when all processes are gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to the postmaster and to all of its children. Resolves when they are gone. */
  readonly kill: () => Promise<void>;
};

export type StartOptions = {
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  readonly directory: string;
  readonly data: string;
  /** Default: none; the postmaster is our own child. */
  readonly sandbox: Sandbox | undefined;
  readonly signal: AbortSignal | undefined;
};

/**
 * Starts the postmaster and waits until it takes connections.
 * @throws PrivateServerError with the server's own words, or the sandbox's
 */
export async function startServerProcess(options: StartOptions): Promise<ServerProcess> {
  const { tools, osUser, directory, data, sandbox, signal } = options;
  signal?.throwIfAborted();
  const logPath = join(directory, 'log');
  const log = await open(logPath, 'a', 0o600);
  const postgres = toolPath(tools, 'postgres');
  const inSandbox = sandbox === undefined ? [] : [...sandbox.args, '--info-fd', '3', '--', postgres];
  const child = spawn(sandbox?.program ?? postgres, [...inSandbox, '-D', data], {
    cwd: directory,
    env: serverEnvironment(directory),
    uid: osUser?.uid,
    gid: osUser?.gid,
    // A session of its own: Ctrl-C on the terminal is for us, and we stop the server in our own time.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, ...(sandbox === undefined ? [] : (['pipe'] as const))],
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
  }

  // Before anything is awaited: what the sandbox says must not be missed.
  const inner = sandbox === undefined ? undefined : sandboxedPid(child);
  try {
    await waitUntilReady(child, data, logPath, signal);
  } catch (error: unknown) {
    await (await control(child, exited, data, osUser, inner)).kill();
    throw error;
  }
  return control(child, exited, data, osUser, inner);
}

function control(
  child: ChildProcess,
  exited: Promise<void>,
  data: string,
  osUser: OsUser | undefined,
  inner: Promise<number | undefined> | undefined,
): Promise<ServerProcess> {
  return inner === undefined
    ? controlServer(child, exited, data, osUser)
    : controlSandbox(child, exited, inner);
}

async function controlServer(
  child: ChildProcess,
  exited: Promise<void>,
  data: string,
  osUser: OsUser | undefined,
): Promise<ServerProcess> {
  const pid = child.pid ?? 0;
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // Read now: later on hostile SQL may have put anything in its place.
  const segment = sharedMemorySegment(await postmasterLines(data));

  const kill = async (): Promise<void> => {
    // Stopped, it cannot have new children while they are listed.
    if (!isGone()) child.kill('SIGSTOP');
    const processes = await serverProcesses(pid, data);
    if (!isGone()) child.kill('SIGKILL');
    for (const one of processes) sendSignal(one, 'SIGKILL');
    await exited;
    await Promise.all(processes.map(waitUntilGone));
    if (segment !== undefined) await removeSharedMemory(segment, osUser);
  };

  const stop = async (): Promise<void> => {
    if (!isGone()) {
      child.kill('SIGQUIT');
      await within(exited, stopLimitMilliseconds);
    }
    // After an orderly end there is nothing to do; after a crash backends may still be at work.
    await kill();
  };

  const orphan = { pid, start: await processStart(pid), signal: 'QUIT' } as const;
  return { pid, orphan, exited, stop, kill };
}

/**
 * All processes in the sandbox end with its first one, and the kernel lets that one go only when they have; its
 * parent, our child, ends after it. So one SIGKILL is a whole and orderly end of a server that is thrown away.
 */
async function controlSandbox(
  child: ChildProcess,
  exited: Promise<void>,
  inner: Promise<number | undefined>,
): Promise<ServerProcess> {
  const first = await inner;
  const start = first === undefined ? undefined : await processStart(first);

  const kill = async (): Promise<void> => {
    if (first === undefined || start === undefined) child.kill('SIGKILL');
    else if ((await processStart(first)) === start) {
      sendSignal(first, 'SIGKILL');
      await waitUntilGone(first);
    }
    await exited;
  };

  const pid = child.pid ?? 0;
  const orphan = { pid: first ?? pid, start, signal: 'KILL' } as const;
  return { pid, orphan, exited, stop: kill, kill };
}

/** The last line of postmaster.pid is the state: manual of pg_ctl, `wait`. */
async function waitUntilReady(
  child: ChildProcess,
  data: string,
  logPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = performance.now() + startLimitMilliseconds;
  while (!(await postmasterLines(data)).at(7)?.startsWith('ready')) {
    signal?.throwIfAborted();
    const isGone = child.exitCode !== null || child.signalCode !== null;
    if (isGone || performance.now() > deadline) throw await notStarted(isGone, logPath);
    await sleep(pollMilliseconds);
  }
}

async function notStarted(isGone: boolean, logPath: string): Promise<PrivateServerError> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const said = log.trim().split('\n').slice(-5).join(' ').slice(-1000);
  return new PrivateServerError({
    what: 'The PostgreSQL server did not start',
    got: isGone
      ? said || 'it ended without a word'
      : `not ready after ${startLimitMilliseconds / 1000} s; ${said}`,
    fix: 'Its own words above say what it needs.',
  });
}

async function postmasterLines(data: string): Promise<string[]> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return text.split('\n');
}

/** Line 7 of postmaster.pid holds the key and the id of the System V segment. */
function sharedMemorySegment(lines: readonly string[]): string | undefined {
  return /^\s*\d+\s+(\d+)\s*$/.exec(lines.at(6) ?? '')?.[1];
}

/**
 * Removes the System V segment (some bytes) that guards the data directory: a server that was killed leaves it
 * behind. Where there is no ipcrm it stays until the next boot.
 */
async function removeSharedMemory(id: string, osUser: OsUser | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const settings = { timeout: 5000, uid: osUser?.uid, gid: osUser?.gid };
    execFile('ipcrm', ['-m', id], settings, () => resolve());
  });
}

async function within(event: Promise<void>, milliseconds: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([
    event,
    sleep(milliseconds, undefined, { signal: limit.signal }).catch(() => undefined),
  ]);
  limit.abort();
}
