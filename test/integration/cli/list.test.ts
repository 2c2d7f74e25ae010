import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackupId, formatId, keyOf } from '../../../core/manifest/backup-id.ts';
import { type ListedContent, listedDocuments, nightly } from '../../support/backup/listed.ts';
import { onTerminal } from '../../support/cli/on-terminal.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { isLong } from '../../support/run/long.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

async function put(directory: string, content: ListedContent): Promise<void> {
  for (const [key, bytes] of listedDocuments(content)) await write(directory, key, bytes);
}

async function write(directory: string, key: string, content: string | Buffer): Promise<void> {
  await mkdir(join(directory, dirname(key)), { recursive: true });
  await writeFile(join(directory, key), content);
}

const count = isLong ? 10_000 : 1_000;
/** In four databases, an hour apart. */
const hourly = (n: number): BackupId => ({
  source: 'db.example.com',
  database: `shop_${n % 4}`,
  startedAt: new Date(Date.UTC(2026, 10, 1) - n * 3_600_000),
});

test(
  `${count} backups with manifests of 5 MB are listed under a heap of 128 MB, and no manifest is read`,
  async () => {
    const directory = join(cli.directory, 'many');
    const manifestBytes = 5 * 1024 * 1024;
    const texts = (n: number): Map<string, Buffer> => listedDocuments({ id: hourly(n) });
    for (let n = 0; n < count; n += 1) {
      for (const [key, bytes] of texts(n)) {
        const isManifest = key.endsWith('/manifest.json');
        const text = key.endsWith('/summary.json')
          ? String(bytes).replace(/"bytes": \d+,\n {4}"sha256"/, `"bytes": ${manifestBytes},\n    "sha256"`)
          : bytes;
        await write(directory, key, isManifest ? '' : text);
        if (!isManifest) continue;
        // Of holes: whoever reads one finds no manifest.
        const file = await open(join(directory, key), 'r+');
        await file.truncate(manifestBytes);
        await file.close();
      }
    }
    const list = (...args: string[]): Promise<CliResult> =>
      cli.run(['list', '--store', pathToFileURL(directory).href, ...args], {
        through: (file, rest) => [file, ['--max-old-space-size=128', ...rest]],
      });
    const table = await list();
    expect(table).toMatchObject({ status: 0, stderr: '' });
    const lines = table.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(count + 1);
    expect(lines[1]).toMatch(
      new RegExp(`^${formatId(hourly(0))} .* 8.8 MB +3 min 12 s +400 000 +17.2 +intact`),
    );
    expect(lines.at(-1)).toContain(formatId(hourly(count - 1)));
    const { stdout } = await list('--json');
    const entries = JSON.parse(stdout) as { id: string; good: boolean }[];
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, n) => formatId(hourly(n))));
    expect(entries.every(({ good }) => good)).toBe(true);
    await rm(directory, { recursive: true });
  },
  isLong ? 600_000 : 60_000,
);

test('filters, and pages that come to an end', async () => {
  const directory = join(cli.directory, 'filtered');
  const verdicts = ['intact', 'failed', 'none', 'proven', 'unverifiable', 'intact', 'none'] as const;
  for (const [night, verdict] of verdicts.entries()) await put(directory, { id: nightly(night), verdict });
  await write(
    directory,
    keyOf(nightly(3), 'hold.json'),
    JSON.stringify({
      formatVersion: 1,
      id: formatId(nightly(3)),
      reason: 'an audit',
      by: 'me@host',
      heldAt: '2026-11-20T02:00:00Z',
      until: '2099-01-01T00:00:00Z',
    }),
  );
  const list = (...args: string[]): Promise<CliResult> =>
    cli.run(['list', '--store', pathToFileURL(directory).href, ...args]);
  const page = async (...args: string[]): Promise<{ nights: number[]; stderr: string }> => {
    const { status, stdout, stderr } = await list('--json', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('pgproof:') });
    const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
    const nights = ids.map((id) => verdicts.findIndex((_, night) => formatId(nightly(night)) === id));
    return { nights, stderr };
  };
  const nights = async (...args: string[]): Promise<number[]> => (await page(...args)).nights;
  expect(await nights('--verdict', 'failed')).toEqual([1]);
  expect(await nights('--verdict', 'none,proven', '--verdict', 'failed')).toEqual([1, 2, 3, 6]);
  expect(await nights('--verdict', 'none', '--limit', '1')).toEqual([2]);
  expect(await nights('--since', '2026-10-30')).toEqual([0, 1, 2]);
  expect(await nights('--since', formatId(nightly(1)).split('/')[2] ?? '')).toEqual([0, 1]);
  expect(await nights('--held')).toEqual([3]);

  const pages: number[][] = [];
  for (let before: string[] = []; ; ) {
    const one = await page('--limit', '3', ...before);
    pages.push(one.nights);
    const next = /^There are older ones: (--before) (\S+)$/m.exec(one.stderr);
    if (next === null) break;
    before = next.slice(1);
  }
  expect(pages).toEqual([[0, 1, 2], [3, 4, 5], [6]]);

  const { stdout } = await list();
  expect(stdout).toMatch(/^BACKUP +AGE +ARCHIVE +TOOK +ROWS +SERVER +VERDICT +HOLD$/m);
  expect(stdout).toMatch(/ proven \(checksum\) +to 2099-01-01$/m);
  const none = await list('--held', '--verdict', 'failed');
  expect(none.stderr).toMatch(/^No backup with the verdict failed that is held in file:/);
  const shown = await cli.run(['show', formatId(nightly(3)), '--store', pathToFileURL(directory).href]);
  expect(shown.stdout).toMatch(
    /^Held: {7}an audit \(me@host, 2026-11-20T02:00:00Z, until 2099-01-01T00:00:00Z\)$/m,
  );
});

test('on a terminal of 80 columns no line is longer, and it says what was left out', async () => {
  const directory = join(cli.directory, 'narrow');
  for (let night = 0; night < 40; night += 1) await put(directory, { id: nightly(night) });
  const { status, stdout } = await cli.run(['list', '--store', pathToFileURL(directory).href], {
    env: { NO_COLOR: '1', TERM: 'xterm' },
    through: onTerminal,
  });
  expect(status).toBe(0);
  const lines = stdout.split(/\r?\n/);
  expect(lines[0]).toMatch(/^BACKUP +AGE +ARCHIVE .*VERDICT$/);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(stdout).toContain('Left out, for the terminal is too narrow: TOOK');
  expect(stdout).toContain('40 backups. --limit 20 shows the newest.');
});
