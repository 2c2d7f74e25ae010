import type { Reporter, TestModule } from 'vitest/node';

const shown = 10;

/** Prints the tests that took longest, after all else: where a run's time goes is seen without looking for it. */
export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        seconds: (test.diagnostic()?.duration ?? 0) / 1_000,
        name: `${module.relativeModuleId} > ${test.fullName}`,
      })),
    );
    const slowest = tests.sort((a, b) => b.seconds - a.seconds).slice(0, shown);
    const lines = slowest.map(({ seconds, name }) => `${seconds.toFixed(1).padStart(6)} s  ${name}`);
    process.stdout.write(`\nThe slowest tests:\n${lines.join('\n')}\n`);
  }
}
