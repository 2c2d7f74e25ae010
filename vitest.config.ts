import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/run/longest-first.ts';

const everywhere = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  setupFiles: ['test/support/run/leak-check.ts'],
};

export default defineConfig({
  test: {
    // Tests wait for servers to start and programs to end a good part of their time: one more than there are processors.
    maxWorkers: availableParallelism() + 1,
    globalSetup: ['test/support/run/set-up.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      // These three share their modules from file to file: to load them takes far longer than most tests do.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false, ...everywhere } },
      { test: { name: 'stack', include: ['test/stack/**/*.test.ts'], isolate: false, ...everywhere } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          isolate: false,
          globalSetup: ['test/support/postgres/majors-setup.ts'],
          ...everywhere,
        },
      },
      {
        test: {
          name: 'sandbox',
          include: ['test/sandbox/**/*.test.ts'],
          globalSetup: ['test/support/postgres/majors-setup.ts', 'test/support/sandbox/setup.ts'],
          ...everywhere,
        },
      },
    ],
  },
});
