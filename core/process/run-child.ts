import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, PgproofError } from '../errors.ts';
import { lineTail } from './line-tail.ts';
import { outOfMemoryKills } from './memory-facts.ts';
import { watchForOrphans } from './orphan-watch.ts';

export type ChildOptions = {
  /** Absolute path of the program; no shell, no search. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the child: nothing is inherited, so no credential leaks into it by accident. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: 'pipe' | 'ignore';
  readonly cwd?: string;
  /** Kills the child, and every process that it started, when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** How much of the end of standard error is kept. Default 16 KiB. */
  readonly stderrLimitBytes?: number;
  /** Takes secrets out of standard error before it is kept or told. */
  readonly redact?: (text: string) => string;
  /** Each line of standard error as it comes, redacted. */
  readonly onStderrLine?: ((line: string) => void) | undefined;
};

export type ChildExit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of standard error, redacted. */
  readonly stderrTail: string;
  /** Of SIGKILL: whether the kernel ended a process for lack of memory meanwhile; undefined where nobody tells. */
  readonly lackedMemory?: boolean | undefined;
};

export type RunningChild = {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  /** Present with `stdin: 'pipe'`. */
  readonly stdin: Writable | undefined;
  /** How it ended, once standard error is read to its end. Rejects only with ChildNotStarted. */
  readonly exited: Promise<ChildExit>;
  /** SIGTERM to the whole group, SIGKILL after five seconds. */
  kill(): void;
};

/** The program could not be started at all. */
export class ChildNotStarted extends PgproofError {
  override readonly name = 'ChildNotStarted';
}

const graceMilliseconds = 5_000;

/**
 * Starts a program in a process group of its own: a Ctrl-C at the terminal reaches pgproof only, which then
 * decides in which order things end; and pg_dump's workers die with their leader. It ends with this process, also
 * where that is killed.
 */
export function startChild(options: ChildOptions): RunningChild {
  const { file, args, env, signal, redact = (text) => text } = options;
  const child = spawn(file, args, {
    env: { ...env },
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const tail = lineTail({
    limitBytes: options.stderrLimitBytes ?? 16 * 1024,
    redact,
    onLine: options.onStderrLine,
  });
  // Standard error is always drained: a child that fills its pipe would wait for ever.
  child.stderr?.on('data', tail.push);
  child.stderr?.on('error', () => undefined);
  // A child that dies before it has read its input breaks the pipe; its exit status tells why.
  child.stdin?.on('error', () => undefined);

  const kill = (): void => terminate(child);
  if (signal?.aborted) kill();
  signal?.addEventListener('abort', kill, { once: true });

  const calmWatch =
    child.pid === undefined
      ? undefined
      : watchForOrphans({ processes: [{ pid: child.pid, signal: 'TERM', group: true }] });
  const exited = exitOf(child, file, tail.end).finally(() => {
    signal?.removeEventListener('abort', kill);
    calmWatch?.();
  });
  // A failure is handled where it is awaited; until then it must not count as unhandled.
  exited.catch(() => undefined);
  const stdout = child.stdout;
  if (stdout === null) throw new Error('standard output is always a pipe here');
  return { pid: child.pid, stdout, stdin: child.stdin ?? undefined, exited, kill };
}

function exitOf(child: ChildProcess, file: string, endOfStderr: () => string): Promise<ChildExit> {
  const kills = outOfMemoryKills();
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      if (child.pid !== undefined) return; // a failed kill; 'exit' still comes
      reject(
        new ChildNotStarted(
          {
            what: `${file} could not be started`,
            got: messageOf(cause),
            fix: 'Check that the file is there and may be executed.',
          },
          { cause },
        ),
      );
    });
    let stderrEnded = false;
    let exit: [number | null, NodeJS.Signals | null] | undefined;
    const settle = (): void => {
      if (exit === undefined || !stderrEnded) return;
      const [code, signal] = exit;
      const lackedMemory = signal === 'SIGKILL' ? hasRisen(kills, outOfMemoryKills()) : undefined;
      resolve({ code, signal, stderrTail: endOfStderr(), lackedMemory });
    };
    child.stderr?.once('close', () => {
      stderrEnded = true;
      settle();
    });
    child.once('exit', (code, signal) => {
      exit = [code, signal];
      // A grandchild that keeps standard error open must not keep us.
      setTimeout(() => child.stderr?.destroy(), 1_000).unref();
      settle();
    });
  });
}

function hasRisen(before: number | undefined, now: number | undefined): boolean | undefined {
  return before === undefined || now === undefined ? undefined : now > before;
}

function terminate(child: ChildProcess): void {
  // Its id may be another process's by now, and a timer that is not cleared would keep this process alive.
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMilliseconds);
  child.once('exit', () => {
    clearTimeout(timer);
    // The leader is gone; workers that ignored the first signal are not asked twice.
    signalGroup(child, 'SIGKILL');
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
