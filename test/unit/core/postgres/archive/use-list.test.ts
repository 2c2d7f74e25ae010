import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withUseList } from '../../../../../core/postgres/archive/use-list.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('a list has an entry a line, for this user alone, and is gone afterwards', async () => {
  const found = await withUseList({ dumpIds: new Set([12, 7]), directory }, async (path) => ({
    text: await readFile(path, 'utf8'),
    mode: (await stat(path)).mode & 0o777,
  }));
  expect(found).toEqual({ text: '12;\n7;\n', mode: 0o600 });
  expect(await readdir(directory)).toEqual([]);
});

test('it is gone also where its use fails', async () => {
  const failing = withUseList({ dumpIds: [1], directory }, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await readdir(directory)).toEqual([]);
});

test('several lie side by side', async () => {
  const texts = await withUseList({ dumpIds: [1], directory }, (one) =>
    withUseList({ dumpIds: [2], directory }, (two) =>
      Promise.all([one, two].map((path) => readFile(path, 'utf8'))),
    ),
  );
  expect(texts).toEqual(['1;\n', '2;\n']);
});
