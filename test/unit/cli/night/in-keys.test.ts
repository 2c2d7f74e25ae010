import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inKeys, inKeysOf } from '../../../../cli/night/in-keys.ts';
import { collectingNotifier } from '../../../../core/notify/digest.ts';

const core = path.join(import.meta.dirname, '../../../../core');

/** Flags of commands that are to be typed, and of rooms that no night enters. */
const typed =
  /\b(?:pgproof|npm run|pg_dump|pg_dumpall|psql|aws)\b[^`]*?--[a-z-]+|--(?:sweep|orphan|yes|thaw|as-of|partial|versions|any|cluster)\b/;

async function advice(): Promise<string[]> {
  const files = await readdir(core, { recursive: true });
  const texts: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.ts') && !/^(restore|config|report)\//.test(name)))
    for (const [, text = ''] of (await readFile(path.join(core, file), 'utf8')).matchAll(
      /^\s*fix:\s*(.*--[a-z].*)$/gm,
    ))
      texts.push(text);
  return texts;
}

test('no advice that a night may give names a flag that its reader does not have', async () => {
  const all = await advice();
  expect(all.length).toBeGreaterThan(8);
  expect(all.map(inKeys).filter((text) => /--[a-z]/.test(text) && !typed.test(text))).toEqual([]);
});

test('keys stand in the place of flags, once where both are named', () => {
  expect(inKeys('or verify at level read: --allow-uncontained (verify.allowUncontained).')).toBe(
    'or verify at level read: verify.allowUncontained: true.',
  );
  expect(
    inKeys(
      `Accepted: --without "extension a" --without 'extension "b"', or verify.without ["extension a","extension \\"b\\""] in cdk.json; so`,
    ),
  ).toBe('Accepted: verify.without: ["extension a","extension \\"b\\""]; so');
  expect(inKeys('a slow store; --stall-timeout allows more.')).toBe(
    'a slow store; sources[].stallSeconds allows more.',
  );
});

test('what happened, and what other programs said, stays as it is', async () => {
  const notifier = inKeysOf(collectingNotifier());
  const about = {
    work: 'backup',
    result: 'failed',
    source: 's',
    store: 'file:///b',
    at: new Date(0),
  } as const;
  await notifier.tell({ ...about, what: 'pg_dump: --scratch', words: '--scratch', fix: 'See --scratch.' });
  expect(notifier.outcomes).toEqual([
    { ...about, what: 'pg_dump: --scratch', words: '--scratch', fix: 'See the environment variable TMPDIR.' },
  ]);
});
