import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChildFailed } from '../../../../core/process/child-failed.ts';
import { outputOf } from '../../../../core/process/child-output.ts';
import { ChildNotStarted, type ChildOptions } from '../../../../core/process/run-child.ts';

const script = (source: string, signal?: AbortSignal): ChildOptions => ({
  file: process.execPath,
  args: ['-e', source],
  env: {},
  signal,
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the whole of what a program wrote is given, as it wrote it', async () => {
  const output = await outputOf(
    script("process.stdout.write(Buffer.alloc(300_000, 0xff)); console.log('a')"),
  );
  expect(output.length).toBe(300_002);
  expect([output[0], output.toString('latin1', 300_000)]).toEqual([0xff, 'a\n']);
});

test('what a program wrote that fails afterwards is not taken for all of it', async () => {
  const failing = outputOf(script("process.stdout.write('half', () => process.exit(3))"));
  await expect(failing).rejects.toThrow(ChildFailed);
  await expect(failing).rejects.toThrow('node ended with exit status 3');
});

test('a program that is not there is an error of its own', async () => {
  await expect(outputOf({ file: '/nonexistent/program', args: [], env: {} })).rejects.toThrow(
    ChildNotStarted,
  );
});

test('up to the limit is given', async () => {
  const limit = { bytes: 5, error: () => new Error('too much') };
  expect((await outputOf(script("process.stdout.write('12345')"), limit)).toString()).toBe('12345');
});

test('more than the limit is an error at once, and ends the program', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  const file = join(directory, 'pid');
  try {
    const endless = script(`
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid));
      process.stdout.on('error', () => {});
      setInterval(() => process.stdout.write('x'.repeat(1_000)), 1);
    `);
    const limit = { bytes: 10_000, error: () => new Error('too much') };
    await expect(outputOf(endless, limit)).rejects.toThrow('too much');
    const pid = Number(await readFile(file, 'utf8'));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('an abort is thrown with its reason', async () => {
  const controller = new AbortController();
  const running = outputOf(script('setInterval(() => {}, 1_000)', controller.signal));
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});
