import { type ChildProcess, execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Orphan } from '../../process/orphan-watch.ts';
import { processStart, sendSignal, serverProcesses, waitUntilGone } from '../../scratch/processes.ts';
import type { OsUser } from './os-user.ts';
import { readPostmasterFile } from './postmaster-file.ts';

const stopLimitMilliseconds = 10_000;

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

/** The program that was started: the postmaster itself, or bwrap. */
export type ServerChild = {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
};

/** Controls a postmaster that is our own child. */
export async function controlServer(
  { child, exited }: ServerChild,
  data: string,
  osUser: OsUser | undefined,
): Promise<ServerProcess> {
  const pid = child.pid ?? 0;
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // Read now: hostile SQL may replace the file later.
  const { sharedMemory } = await readPostmasterFile(data);

  const kill = async (): Promise<void> => {
    // Stopped, it cannot have new children while they are listed.
    if (!isGone()) child.kill('SIGSTOP');
    const processes = await serverProcesses(pid, data);
    if (!isGone()) child.kill('SIGKILL');
    for (const one of processes) sendSignal(one, 'SIGKILL');
    await exited;
    await Promise.all(processes.map(waitUntilGone));
    if (sharedMemory !== undefined) await removeSharedMemory(sharedMemory, osUser);
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
 * Controls a server in a sandbox. All processes in it end with its first one, and the kernel lets that one go only
 * when they have; its parent, our child, ends after it. So one SIGKILL is a whole and orderly end of a server that is
 * thrown away.
 *
 * @param inner the id of the first process in the sandbox; `undefined` where bwrap ended without one
 */
export async function controlSandbox(
  { child, exited }: ServerChild,
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
  const waiting = new AbortController();
  await Promise.race([
    event,
    sleep(milliseconds, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]);
  waiting.abort();
}
