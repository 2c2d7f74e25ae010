import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrivateServerError, serverEnvironment } from './server-cluster.ts';
import type { ServerOwner } from './server-owner.ts';
import { sendSignal, serverProcesses, waitUntilGone } from './server-processes.ts';
import { type FoundTools, toolPath } from './tools.ts';

const startLimitMilliseconds = 60_000;
const stopLimitMilliseconds = 10_000;
/** The postmaster says that it is ready in a file only; pg_ctl looks every 100 ms. */
const pollMilliseconds = 10;

export type ServerProcess = {
  readonly pid: number;
  /** Resolves when the postmaster is gone, whatever the reason. */
  readonly exited: Promise<void>;
  /** Immediate shutdown; every connection breaks. Resolves when all processes are gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to the postmaster and to all of its children. Resolves when they are gone. */
  readonly kill: () => Promise<void>;
};

export type StartOptions = {
  readonly tools: FoundTools;
  readonly owner: ServerOwner | undefined;
  readonly directory: string;
  readonly data: string;
  readonly signal: AbortSignal | undefined;
};

/** Starts the postmaster as our own child and waits until it takes connections. */
export async function startServerProcess(options: StartOptions): Promise<ServerProcess> {
  const { tools, owner, directory, data, signal } = options;
  signal?.throwIfAborted();
  const logPath = join(directory, 'log');
  const log = await open(logPath, 'a', 0o600);
  const child = spawn(toolPath(tools, 'postgres'), ['-D', data], {
    cwd: directory,
    env: serverEnvironment(directory),
    uid: owner?.uid,
    gid: owner?.gid,
    // A session of its own: Ctrl-C on the terminal is for us, and we stop the server in our own time.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
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

  const server = control(child, exited, data);
  try {
    await waitUntilReady(child, data, logPath, signal);
  } catch (error: unknown) {
    await server.kill();
    throw error;
  }
  return server;
}

function control(child: ChildProcess, exited: Promise<void>, data: string): ServerProcess {
  const pid = child.pid ?? 0;
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const kill = async (): Promise<void> => {
    // Stopped, it cannot have new children while they are listed.
    if (!isGone()) child.kill('SIGSTOP');
    const processes = await serverProcesses(pid, data);
    if (!isGone()) child.kill('SIGKILL');
    for (const one of processes) sendSignal(one, 'SIGKILL');
    await exited;
    await Promise.all(processes.map(waitUntilGone));
    await removeSharedMemory(data);
  };

  const stop = async (): Promise<void> => {
    if (!isGone()) {
      child.kill('SIGQUIT');
      await within(exited, stopLimitMilliseconds);
    }
    // After an orderly end there is nothing to do; after a crash backends may still be at work.
    await kill();
  };

  return { pid, exited, stop, kill };
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

/**
 * Removes the System V segment (some bytes) that guards the data directory: a server that was killed leaves it
 * behind. Line 7 of postmaster.pid holds its key and id. Where there is no ipcrm it stays until the next boot.
 */
async function removeSharedMemory(data: string): Promise<void> {
  const line = (await postmasterLines(data)).at(6) ?? '';
  const [, id] = /^\s*\d+\s+(\d+)\s*$/.exec(line) ?? [];
  if (id === undefined) return;
  await new Promise<void>((resolve) => {
    execFile('ipcrm', ['-m', id], { timeout: 5000 }, () => resolve());
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
