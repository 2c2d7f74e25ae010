import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { lambdaEnvironment } from './environment.ts';
import { type Outcome, startRuntimeApi } from './runtime-api.ts';

export type { LambdaError, Outcome } from './runtime-api.ts';

export type LambdaOptions = {
  /** The bundled file, `…/<function>/index.mjs`. */
  readonly bundle: string;
  /** What the deployment sets, over Lambda's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** The function's time limit. Default: a minute. */
  readonly timeoutMs?: number | undefined;
};

export type Lambda = {
  /** One event at a time. The process that is started for the first is kept for those after it. */
  invoke(event: unknown): Promise<Outcome>;
  /** Everything that was written so far, of the function and of the runtime. */
  readonly logs: { readonly stdout: string; readonly stderr: string };
  /** The function's `/tmp`. */
  readonly temporary: string;
  /** From the start of each process to its first call for an event. */
  readonly initMilliseconds: readonly number[];
};

const bootstrap = join(import.meta.dirname, '../../fixtures/lambda/bootstrap.mjs');
const endOfLog = (id: string): string => `END RequestId: ${id}\n`;

/**
 * Runs a bundled function as Lambda does: in a process of its own with Lambda's environment and time limit, fed by the
 * Runtime API, and frozen between two events. PGPROOF_TEST_NODE names another Node.js than the one that runs the tests.
 */
export async function withLambda<T>(
  { bundle, environment, timeoutMs = 60_000 }: LambdaOptions,
  use: (lambda: Lambda) => Promise<T>,
): Promise<T> {
  const taskRoot = dirname(bundle);
  const functionName = `pgproof-${basename(taskRoot)}`;
  const temporary = await mkdtemp(join(tmpdir(), 'pgproof-lambda-'));
  const logs = { stdout: '', stderr: '' };
  const initMilliseconds: number[] = [];
  let startedAt: number | undefined;
  let child: ChildProcess | undefined;

  const api = await startRuntimeApi(`arn:aws:lambda:us-east-1:111122223333:function:${functionName}`, {
    onIdle: () => {
      if (startedAt !== undefined) initMilliseconds.push(performance.now() - startedAt);
      startedAt = undefined;
      child?.kill('SIGSTOP');
    },
    onEvent: () => void child?.kill('SIGCONT'),
  });

  function start(): ChildProcess {
    startedAt = performance.now();
    const env = { ...lambdaEnvironment({ functionName, taskRoot, temporary }), ...environment };
    const started = spawn(process.env.PGPROOF_TEST_NODE ?? process.execPath, [bootstrap], {
      cwd: taskRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, AWS_LAMBDA_RUNTIME_API: api.host },
    });
    for (const name of ['stdout', 'stderr'] as const)
      started[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        logs[name] += chunk;
      });
    // `close` comes when the last of its words are read.
    started.once('close', (code, signal) => {
      if (child !== started) return;
      child = undefined;
      api.fail('Runtime.ExitError', `Runtime exited with error: ${signal ?? `exit status ${code}`}`);
    });
    return started;
  }

  /** The log reaches us by another way than the outcome, and later. */
  async function logRead(process_: ChildProcess, id: string): Promise<void> {
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = process_[name];
      while (stream?.readableEnded === false && !logs[name].includes(endOfLog(id)))
        await Promise.race([once(stream, 'data'), once(stream, 'end')]);
      logs[name] = logs[name].replace(endOfLog(id), '');
    }
  }

  async function invoke(event: unknown): Promise<Outcome> {
    const { id, outcome } = api.invoke(event, timeoutMs);
    const running = child ?? start();
    child = running;
    const timer = setTimeout(() => {
      child = undefined;
      api.fail('Sandbox.Timedout', `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`);
      running.kill('SIGKILL');
    }, timeoutMs);
    try {
      return await outcome;
    } finally {
      clearTimeout(timer);
      await logRead(running, id);
    }
  }

  try {
    return await use({ invoke, logs, temporary, initMilliseconds });
  } finally {
    if (child !== undefined) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    await api.kill();
    await rm(temporary, { recursive: true, force: true });
  }
}
