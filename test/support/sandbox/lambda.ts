import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { lambdaEnvironment } from '../lambda/environment.ts';
import { type Outcome, startRuntimeApi } from '../lambda/runtime-api.ts';
import type { Mount } from './arguments.ts';
import type { MemoryGroup } from './memory.ts';
import { librariesOf } from './programs.ts';
import { withSandbox } from './sandbox.ts';

export type SandboxedFunction = {
  /** One event at a time; the process is kept for the next one. It is not frozen in between. */
  invoke(event: unknown): Promise<Outcome>;
  readonly logs: { readonly stdout: string; readonly stderr: string };
  /** From the start of each process to its first call for an event. */
  readonly initMilliseconds: readonly number[];
  /** What lies in its /tmp, while its process is there. */
  temporary(): Promise<string[]>;
};

export type SandboxedFunctionOptions = {
  readonly layer: string;
  /** The bundled file, `…/<function>/index.mjs`. */
  readonly bundle: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Default: a minute. */
  readonly timeoutMs?: number | undefined;
  readonly memory?: MemoryGroup | undefined;
  /** What there is beside the function, its layer and Node.js. */
  readonly mounts?: readonly Mount[] | undefined;
};

const node = process.env.PGPROOF_TEST_NODE ?? process.execPath;
const runtime = join(import.meta.dirname, '../../fixtures/lambda');

/**
 * A bundled function in the sandbox with its code at /var/task, the layer at /opt and nothing else but Node.js, fed
 * by Lambda's Runtime API.
 */
export async function withSandboxedFunction<T>(
  { layer, bundle, environment, timeoutMs = 60_000, memory, mounts: more = [] }: SandboxedFunctionOptions,
  use: (running: SandboxedFunction) => Promise<T>,
): Promise<T> {
  const task = dirname(bundle);
  const nodeFile = await realpath(node);
  const mounts: Mount[] = [
    { from: task, to: '/var/task' },
    { from: runtime, to: '/var/runtime' },
    { from: nodeFile, to: '/var/lang/bin/node' },
    // Not where a layer's program would find them by itself.
    ...(await librariesOf(nodeFile)).map((path) => ({ from: path, to: `/var/lang/lib/${basename(path)}` })),
    ...more,
  ];
  return withSandbox({ layer, mounts, network: true }, async (sandbox) => {
    const functionName = `pgproof-${basename(task)}`;
    const logs = { stdout: '', stderr: '' };
    const initMilliseconds: number[] = [];
    let startedAt: number | undefined;
    let child: { readonly process: ChildProcess; readonly root: Promise<string> } | undefined;

    const api = await startRuntimeApi(`arn:aws:lambda:us-east-1:111122223333:function:${functionName}`, {
      onIdle: () => {
        if (startedAt !== undefined) initMilliseconds.push(performance.now() - startedAt);
        startedAt = undefined;
      },
      onEvent: () => undefined,
    });
    const layout = { functionName, taskRoot: sandbox.inside(task), temporary: sandbox.temporary };
    const env: Record<string, string> = {
      ...lambdaEnvironment(layout),
      ...(sandbox.isStrict ? { LD_LIBRARY_PATH: lambdaLibraryPath } : {}),
      ...environment,
      AWS_LAMBDA_RUNTIME_API: api.host,
    };
    if (sandbox.isStrict) delete env.TMPDIR;
    // https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
    const { AWS_LAMBDA_EXEC_WRAPPER } = env;
    const wrapper = AWS_LAMBDA_EXEC_WRAPPER === undefined ? [] : [AWS_LAMBDA_EXEC_WRAPPER];
    // bubblewrap's own first process has the function's environment too, and hides nothing.
    const alone = AWS_LAMBDA_EXEC_WRAPPER === undefined ? [] : ['--as-pid-1'];

    function start(): NonNullable<typeof child> {
      startedAt = performance.now();
      const { file, args, ...where } = sandbox.plan(
        [...wrapper, sandbox.inside(nodeFile), join(sandbox.inside(runtime), 'bootstrap.mjs')],
        ['--info-fd', '3', ...alone, '--chdir', '/var/task'],
      );
      const [first = '', ...rest] = [...(memory?.words ?? []), file, ...args];
      const started = spawn(first, rest, { ...where, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
      for (const name of ['stdout', 'stderr'] as const)
        started[name]?.setEncoding('utf8').on('data', (chunk: string) => {
          logs[name] += chunk;
        });
      started.once('close', (code, signal) => {
        if (child?.process !== started) return;
        child = undefined;
        api.fail('Runtime.ExitError', `Runtime exited with error: ${signal ?? `exit status ${code}`}`);
      });
      started.once('error', ({ message }) => api.fail('Runtime.StartError', message));
      const root = sandbox.isStrict ? rootOf(started) : Promise.resolve('');
      // Nobody may ask for it.
      root.catch(() => undefined);
      return { process: started, root };
    }

    async function invoke(event: unknown): Promise<Outcome> {
      const { outcome } = api.invoke(event, timeoutMs);
      child ??= start();
      const running = child;
      const timer = setTimeout(() => {
        child = undefined;
        api.fail('Sandbox.Timedout', `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`);
        running.process.kill('SIGKILL');
      }, timeoutMs);
      try {
        return await outcome;
      } finally {
        clearTimeout(timer);
      }
    }

    async function temporary(): Promise<string[]> {
      if (child === undefined) throw new Error('its process is gone, and its /tmp');
      return await readdir(join(await child.root, sandbox.temporary));
    }

    try {
      return await use({ invoke, logs, initMilliseconds, temporary });
    } finally {
      if (child !== undefined) {
        const closed = once(child.process, 'close');
        child.process.kill('SIGKILL');
        await closed;
      }
      await api.kill();
    }
  });
}

/** As Lambda sets it, which every program of the layer has to bear. */
const lambdaLibraryPath =
  '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib';

/** The sandbox's root directory as this machine sees it, by the number of the process that bubblewrap tells. */
async function rootOf(started: ChildProcess): Promise<string> {
  const info = JSON.parse(await text(started.stdio[3] as Readable)) as { 'child-pid': number };
  return `/proc/${info['child-pid']}/root`;
}
