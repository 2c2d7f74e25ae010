import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newestMajor } from '../../support/postgres/servers.ts';

const root = join(import.meta.dirname, '../../..');

type Run = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** What `npm run -s lambda -- ARGUMENTS` runs; nothing may be left in its temporary directory. */
async function lambda(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-local-'));
  // Where the tests run as root the server does not, and has to reach its data.
  await chmod(directory, 0o755);
  try {
    const env = { ...process.env, TMPDIR: directory, PGPROOF_TEST_MAJORS: String(newestMajor()), ...more };
    const command = ['--import', 'tsx', 'test/support/lambda/run-local.ts', ...args];
    const run = await new Promise<Run>((resolve) => {
      execFile(process.execPath, command, { cwd: root, env }, (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
    // tsx keeps what it compiled, for the next run.
    expect((await readdir(directory)).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
    return run;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('a restore: backed up and verified first, by the functions that do it in AWS', {
  timeout: 180_000,
}, async () => {
  const { status, stdout, stderr } = await lambda(['restore']);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const report = JSON.parse(stdout) as { readonly tables: readonly { readonly status: string }[] };
  expect(report.tables.length).toBeGreaterThan(20);
  expect(new Set(report.tables.map((table) => table.status))).toEqual(new Set(['as recorded']));
  expect(stderr).toMatch(/\bMETRIC .*BackupsIntact=1/);
  expect(stderr).toMatch(/Alerts: none/);
  for (const name of ['archive.dump', 'globals.sql', 'manifest.json', 'summary.json', 'verification.json'])
    expect(stderr).toMatch(
      new RegExp(`In the store: 6 objects[\\s\\S]* s3://backups/pg/shop/shop/\\S+/${name}\n`),
    );
});

test('a failure: the error as Lambda hands it over, the alert as people read it', {
  timeout: 120_000,
}, async () => {
  const { status, stdout, stderr } = await lambda(['backup', '{"databases":["typo"]}'], {
    // Of no meaning here, and not to be followed: they may be a developer's own.
    AWS_PROFILE: 'production',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    PGPROOF_STORE: 's3://production/pg',
    PGPROOF_HOST: 'production.invalid',
  });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ errorType: 'BackupFailed' });
  expect(stderr).toMatch(/Alerts: 1\n.*BACKUP FAILED shop\/typo.*[\s\S]*What to do: Correct its name/);
  expect(stderr).toMatch(/In the store: nothing/);
});

test.each([
  [['backups', '{}'], /^pgproof: There is no function of this name: "backups" \(expected backup, verify,/],
  [['backup', '{typo'], /^pgproof: The event is no JSON document: \{typo/],
  [[], /^pgproof: There is no function of this name: no name/],
])('%j is told in one sentence', async (args, expected) => {
  const { status, stdout, stderr } = await lambda(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(expected);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
