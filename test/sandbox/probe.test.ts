import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { type SandboxedFunctionOptions, withSandboxedFunction } from '../support/sandbox/lambda.ts';
import { withMemoryLimit } from '../support/sandbox/memory.ts';

/*
 * What the tests of the functions rely on: that what Lambda forbids fails here, and is told as Lambda tells it.
 */

const bundle = fileURLToPath(new URL('probe/index.mjs', import.meta.url));
const layer = fileURLToPath(new URL('.', import.meta.url));
const isStrict = inject('sandbox').bubblewrap !== undefined;

const probe: SandboxedFunctionOptions = { layer, bundle, environment: {} };

describe('a function in the sandbox', () => {
  test('runs as somebody without a home', () =>
    withSandboxedFunction(probe, async ({ invoke }) => {
      const { result } = await invoke({});
      expect(result).toMatchObject({ arch: process.arch, hasHome: false });
      if (isStrict) expect(result).toMatchObject({ uid: 993 });
    }));

  if (isStrict)
    test('may write in /tmp only, and 512 MB there', () =>
      withSandboxedFunction(probe, async ({ invoke, temporary }) => {
        for (const path of ['/var/task/x', '/opt/x', '/x', '/var/lang/x', '/etc/x']) {
          const { error } = await invoke({ write: path });
          expect(error?.errorMessage).toMatch(/^EROFS: read-only file system/);
        }
        expect((await invoke({ write: '/dev/shm/x' })).error?.errorMessage).toMatch(/^ENOENT/);
        expect(await temporary()).toEqual([]);
        expect((await invoke({ fill: '/tmp/full' })).error?.errorMessage).toBe('ENOSPC after 512 MB');
        expect((await invoke({ write: '/tmp/x' })).error).toBeUndefined();
        expect(await temporary()).toEqual(['x']);
      }));

  test('is ended at its time limit; the next event starts it anew', () =>
    withSandboxedFunction({ ...probe, timeoutMs: 2_000 }, async ({ invoke, initMilliseconds }) => {
      expect((await invoke({ sleepSeconds: 100 })).error).toMatchObject({ errorType: 'Sandbox.Timedout' });
      expect((await invoke({})).error).toBeUndefined();
      expect(initMilliseconds).toHaveLength(2);
    }));

  test('is ended when it takes more memory than it has; the next event starts it anew', () =>
    withMemoryLimit(160 * 1024 * 1024, (memory) => {
      // Without a control group V8's own limit stands in for Lambda's: it too ends the process.
      const environment = { NODE_OPTIONS: `--max-old-space-size=${memory === undefined ? 128 : 4096}` };
      return withSandboxedFunction(
        { ...probe, environment, memory },
        async ({ invoke, initMilliseconds }) => {
          const { error } = await invoke({ megabytes: 1_000 });
          expect(error?.errorType).toBe('Runtime.ExitError');
          // By the kernel's SIGKILL, or V8's abort.
          expect(error?.errorMessage).toMatch(memory === undefined ? /SIGABRT|134$/ : /SIGKILL|137$/);
          expect((await invoke({})).error).toBeUndefined();
          expect(initMilliseconds).toHaveLength(2);
        },
      );
    }));
});
