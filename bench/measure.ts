import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

type Program = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** A program that is timed; its output goes nowhere, or `into` another. */
export type Step = Program & {
  readonly name: string;
  readonly note?: string;
  readonly into?: Program;
  /** Done before the clock starts. */
  readonly before?: () => Promise<void>;
};

/** `peakBytes`: the largest resident set of the program itself, without its children (Linux; 0 elsewhere). */
export type Measured = { readonly name: string; readonly seconds: number; readonly peakBytes: number };

const pollMilliseconds = 25;

export async function measure(step: Step): Promise<Measured> {
  await step.before?.();
  const began = performance.now();
  const child = spawn(step.file, step.args, {
    env: step.env,
    stdio: ['ignore', step.into ? 'pipe' : 'ignore', 'pipe'],
  });
  const running = [child];
  if (step.into !== undefined && child.stdout !== null) {
    const sink = spawn(step.into.file, step.into.args, {
      env: step.into.env,
      stdio: [child.stdout, 'ignore', 'pipe'],
    });
    // The bytes go from one process to the other; this one must not read them.
    child.stdout.destroy();
    running.push(sink);
  }
  const peaks = running.map(() => 0);
  const poll = setInterval(
    () =>
      running.forEach(({ pid }, index) => {
        peaks[index] = Math.max(peaks[index] ?? 0, highWater(pid));
      }),
    pollMilliseconds,
  );
  const words = running.map((one) => {
    let text = '';
    one.stderr?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-2_000);
    });
    return () => text;
  });
  const codes = await Promise.all(
    running.map(
      (one) =>
        new Promise<number | null>((resolve, reject) => one.once('error', reject).once('close', resolve)),
    ),
  );
  clearInterval(poll);
  if (codes.some((code) => code !== 0))
    throw new Error(`${step.name} failed: ${words.map((text) => text()).join('\n')}`);
  return { name: step.name, seconds: (performance.now() - began) / 1_000, peakBytes: Math.max(...peaks) };
}

function highWater(pid: number | undefined): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
