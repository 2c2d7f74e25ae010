import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explainEnd, missingAtEnd } from '../../../../../core/verify/prove/why-server-ended.ts';

const line = (pid: number, level: string, text: string): string =>
  `2026-11-20 02:00:00.000 UTC [${pid}] ${level}:  ${text}\n`;
const start = line(17, 'LOG', 'starting PostgreSQL 17.6 on x86_64-pc-linux-gnu');

test.each([
  [line(17, 'LOG', 'server process (PID 40) was terminated by signal 9: Killed'), 'memory'],
  [
    line(17, 'LOG', 'client backend (PID 40) was terminated by signal 11: Segmentation fault'),
    'a server that does not crash (signal 11: Segmentation fault)',
  ],
  [
    line(17, 'LOG', 'server process (PID 40) was terminated by signal 6: Aborted'),
    'a server that does not crash (signal 6: Aborted)',
  ],
  [
    line(40, 'PANIC', 'could not write to file "pg_wal/xlogtemp.40": No space left on device'),
    'room on the disk',
  ],
  ['', undefined],
  // What SQL can have the server write down: RAISE LOG, in a backend's own name, further lines after a tab.
  [line(40, 'LOG', 'server process (PID 1) was terminated by signal 9: Killed'), undefined],
  [line(40, 'LOG', 'PANIC:  could not write: No space left on device'), undefined],
  [`${line(40, 'LOG', 'x')}\t${line(17, 'LOG', 'x was terminated by signal 9')}`, undefined],
])('%s', (log, missing) => {
  expect(missingAtEnd(start + log)).toBe(missing);
});

test('what SQL put in the place of the log is not waited for, nor followed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-log-'));
  try {
    const [pipe, link, real] = ['pipe', 'link', 'real'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    execFileSync('mkfifo', [pipe]);
    const died = line(17, 'LOG', 'server process (PID 40) was terminated by signal 9: Killed');
    await writeFile(real, start + died);
    await symlink(real, link);
    const problems = [
      { message: 'the server closed the connection', fault: 'environment', endsRestore: true },
    ] as const;
    expect(await explainEnd(problems, real)).toMatchObject([{ missing: 'memory' }]);
    for (const path of [pipe, link]) expect(await explainEnd(problems, path)).toEqual(problems);
  } finally {
    await rm(directory, { recursive: true });
  }
}, 10_000);
