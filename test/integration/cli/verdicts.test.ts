import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatId } from '../../../core/manifest/backup-id.ts';
import { serialize } from '../../../core/manifest/manifest.ts';
import { type BackupFixture, writeBackup } from '../../support/backup/made-up.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const sql = '--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (id) FROM stdin;\n1\n\\.\n\n';
const end = '--\n-- PostgreSQL database dump complete\n--\n\n';
const id = { source: 'shop', database: 'app', startedAt: new Date('2026-11-20T02:00:00Z') };

/** A backup that nobody verified, and the command pointed at its store. */
function withBackup(
  use: (backup: BackupFixture, run: (...args: string[]) => Promise<CliResult>) => Promise<void>,
): Promise<void> {
  return withFileStore(async ({ directory, url }) => {
    const backup = await writeBackup({
      id,
      directory,
      format: 'plain',
      tables: [{ schema: 'public', name: 't', rows: 1 }],
      objects: { 'archive.sql': sql + end },
    });
    await use(backup, (verb, ...args) => cli.run([verb, ...args, '--store', url]));
  });
}

test('show tells the verdict in force, how deep it was passed, and the runs that are not in force', () =>
  withBackup(async (backup, run) => {
    const good = await readFile(backup.path('archive.sql'));
    await writeFile(backup.path('archive.sql'), `${sql}--${end}`.slice(0, good.length));
    expect((await run('verify', formatId(id), '--level', 'read')).status).toBe(1);
    await writeFile(backup.path('archive.sql'), good);

    // The bytes are right again. That alone does not mend what failed when they were decoded too.
    const weaker = await run('verify', formatId(id), '--level', 'checksum');
    expect(weaker.status).toBe(1);
    expect(weaker.stdout).toMatch(/: intact \(checksum\)\n[\s\S]*In force stays: failed \(read\), of 20/);
    expect(weaker.stderr).toMatch(/is failed: in order at level checksum, but failed at level read/);

    const mended = await run('verify', formatId(id), '--level', 'read');
    expect(mended).toMatchObject({ status: 0, stderr: expect.not.stringContaining('failed') });
    const { stdout } = await run('show', formatId(id));
    expect(stdout).toMatch(/^Verdict: {4}intact \(read\)\nReached: {4}read, counts as good$/m);
    expect(stdout).toMatch(
      /^OTHER RUNS +VERDICT +REACHED +NOT PASSED\n20\S+Z +intact \(checksum\) +checksum\n20\S+Z +failed \(read\) +checksum: archive.sql has sha256/m,
    );
    const shown = JSON.parse((await run('show', formatId(id), '--json')).stdout) as object;
    expect(shown).toMatchObject({
      good: true,
      verification: { verdict: 'intact', reached: 'read', history: [{}, { verdict: 'failed' }] },
    });
    const [listed, ...more] = JSON.parse((await run('list', '--json')).stdout) as unknown[];
    expect(more).toEqual([]);
    expect(listed).toMatchObject({
      id: formatId(id),
      good: true,
      summary: { rows: 1, tables: 1, archive: { format: 'plain' } },
      verification: { verdict: 'intact', reached: 'read', good: true, checkCount: 2 },
      hold: null,
    });
  }));

test('a verdict of before is unbound; one of another backup is none, and show says why', () =>
  withBackup(async (backup, run) => {
    await run('verify', formatId(id), '--level', 'read');
    const document = JSON.parse(await readFile(backup.path('verification.json'), 'utf8')) as object;
    const { manifestSha256: _, reached: __, ...old } = document as Record<string, unknown>;
    await writeFile(backup.path('verification.json'), serialize(old));
    expect((await run('list')).stdout).toContain('intact (read), unbound');
    expect(JSON.parse((await run('show', formatId(id), '--json')).stdout)).toMatchObject({
      good: true,
      unbound: true,
      verification: { reached: 'read' },
    });

    await writeFile(
      backup.path('verification.json'),
      serialize({ ...document, id: 'a/b/2026-11-20T02-00-00Z' }),
    );
    expect((await run('list')).stdout).toContain('not verified');
    const { stdout } = await run('show', formatId(id));
    expect(stdout).toMatch(
      /^Verdict: {4}not verified\n +The verification that lies there counts as none: it is of another backup: a\/b/m,
    );
    expect(JSON.parse((await run('show', formatId(id), '--json')).stdout)).toMatchObject({
      good: false,
      verification: null,
      notCounted: expect.stringContaining('a/b/'),
    });
  }));
