import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ChildFailed } from '../../../../core/process/child-failed.ts';
import { exitGate } from '../../../../core/process/exit-gate.ts';
import {
  ChildNotStarted,
  type ChildOptions,
  type RunningChild,
  startChild,
} from '../../../../core/process/run-child.ts';
import { Stalled, watchdog } from '../../../../core/process/watchdog.ts';

const program = fileURLToPath(new URL('../../../fixtures/programs/misbehave.mjs', import.meta.url));

function start(how: string, amount = 0, options: Partial<ChildOptions> = {}): RunningChild {
  return startChild({ file: process.execPath, args: [program, how, String(amount)], env: {}, ...options });
}

async function drain(child: RunningChild): Promise<number> {
  const sink = new PassThrough();
  let bytes = 0;
  sink.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await pipeline(child.stdout, exitGate('program', child.exited), sink);
  return bytes;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the gate', () => {
  it('lets every byte of a program that ends well pass', async () => {
    expect(await drain(start('exit-0', 3_000_000))).toBe(3_000_000);
  });

  it.each([
    ['die-late', 'ended with exit status 3'],
    ['die-half-way', 'was killed by SIGKILL'],
  ])('errors instead of ending when the program does %s', async (how, words) => {
    const failure = await drain(start(how, 3_000_000)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ChildFailed);
    expect((failure as Error).message).toContain(words);
  });
});

describe('a child program', () => {
  it('inherits nothing', async () => {
    const child = start('environment', 0, { env: { ONLY: 'this' } });
    const text = (await child.stdout.toArray()).join('');
    // macOS adds a variable of its own.
    expect(Object.keys(JSON.parse(text) as object).filter((key) => !key.startsWith('__CF'))).toEqual([
      'ONLY',
    ]);
  });

  it('never waits for its standard error to be read, and keeps the end of it only', async () => {
    const child = start('fill-stderr', 5_000_000, { stderrLimitBytes: 10_000 });
    const exit = await child.exited;
    expect(exit.code).toBe(1);
    expect(exit.stderrTail.length).toBeLessThan(20_000);
  });

  it('that is not there is an error of its own', async () => {
    const child = startChild({ file: '/nonexistent/program', args: [], env: {} });
    await expect(child.exited).rejects.toThrow(ChildNotStarted);
  });

  it('tells no secret, even one that comes in two pieces', async () => {
    const exit = await start('secret', 0, { redact: (text) => text.replaceAll('canary', '***') }).exited;
    expect(exit.stderrTail).toBe('pg_dump: error: password is "***" they say');
  });

  it('ends when its signal aborts, also when it was aborted before', async () => {
    const controller = new AbortController();
    const child = start('hang', 0, { signal: controller.signal });
    controller.abort();
    expect((await child.exited).signal).toBe('SIGTERM');
    expect((await start('hang', 0, { signal: controller.signal }).exited).signal).toBe('SIGTERM');
  });

  it('that ignores the request to end is killed', async () => {
    const child = start('stubborn');
    await once(child.stdout, 'data');
    child.kill();
    expect((await child.exited).signal).toBe('SIGKILL');
  });

  it('takes the processes that it started along', async () => {
    const child = start('with-child');
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    const grandchild = Number(text);
    expect(isAlive(grandchild)).toBe(true);
    child.kill();
    await child.exited;
    // The kernel may take a moment, and a zombie waits for whoever adopts it.
    for (let tries = 0; isAlive(grandchild) && tries < 100; tries += 1) await wait(50);
    expect(isAlive(grandchild)).toBe(false);
  });
});

describe('the watchdog', () => {
  it('aborts work that stands still', async () => {
    const dog = watchdog(0.05, 'The dump');
    await once(dog.signal, 'abort');
    expect(dog.signal.reason).toBeInstanceOf(Stalled);
  });

  it('leaves work alone that goes on, or has ended', async () => {
    const dog = watchdog(0.2, 'The dump');
    for (let step = 0; step < 6; step += 1) {
      await wait(50);
      dog.touch();
    }
    expect(dog.signal.aborted).toBe(false);
    dog.stop();
    await wait(250);
    expect(dog.signal.aborted).toBe(false);
  });
});
