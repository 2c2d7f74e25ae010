import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listProcesses } from '../../support/process/list.ts';

const repository = join(import.meta.dirname, '../../..');
const vitest = join(repository, 'node_modules/vitest/vitest.mjs');

type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
  }[];
};

/** Runs the files of test/fixtures/leaks, each of which leaves something, in a Vitest of their own. */
function runFixtures(): Promise<Report> {
  const args = [vitest, 'run', '--config', 'test/fixtures/leaks/vitest.config.ts', '--reporter', 'json'];
  return new Promise((resolve, reject) => {
    // It fails, as it should: what counts is which files did.
    execFile(process.execPath, args, { cwd: repository, timeout: 100_000 }, (_error, stdout, stderr) => {
      const start = stdout.indexOf('{');
      if (start < 0) reject(new Error(`no report: ${stdout}${stderr}`));
      else resolve(JSON.parse(stdout.slice(start)) as Report);
    });
  });
}

test('a file that leaves a directory or a process fails and says what; one that leaves nothing passes', async () => {
  const { testResults } = await runFixtures();
  const said = Object.fromEntries(
    testResults.map(({ name, status, message }) => [
      name.slice(name.lastIndexOf('/') + 1),
      { status, message },
    ]),
  );
  const leak = (message: string): object => ({ status: 'failed', message: expect.stringMatching(message) });
  // Without /proc only the directory can be seen.
  const seen = process.platform === 'linux' ? leak : () => ({ status: 'passed' });
  expect(said).toMatchObject({
    'clean.leak.ts': { status: 'passed' },
    'directory.leak.ts': leak('left behind[^]*in the temporary directory: left-behind-'),
    'child.leak.ts': seen('left behind[^]*process \\d+: sleep 600'),
    'orphan.leak.ts': seen('left behind[^]*process \\d+: sleep 601'),
  });
  // And what was left is gone now.
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('pgt-'))).toEqual([]);
  const named = testResults.flatMap(({ message }) => [...message.matchAll(/process (\d+): sleep/g)]);
  const gone = new Set(named.map(([, pid]) => Number(pid)));
  const still = (await listProcesses()).filter(
    ({ pid, commandLine }) => gone.has(pid) && /^sleep/.test(commandLine),
  );
  expect(still).toEqual([]);
}, 120_000);
