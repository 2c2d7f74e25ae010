import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { serialize } from '../../../../core/manifest/document.ts';
import { prune } from '../../../../core/prune/prune.ts';
import type { PruneReport } from '../../../../core/prune/report.ts';
import type { PruneRequest } from '../../../../core/prune/request.ts';
import { policyOf } from '../../../../core/retention/policy.ts';
import { prunableFileStore } from '../../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';

type Place = {
  readonly store: PrunableStore;
  readonly ids: readonly string[];
  readonly put: (key: string, content: string | Uint8Array) => Promise<void>;
};

/** Eight nights, of which the fifth is the first to hold a tenth of the rows. */
async function withHistory(use: (place: Place) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-hostile-'));
  try {
    const store = prunableFileStore({ directory });
    const ids: string[] = [];
    for (const past of nightly(8, '2026-11-27', (night) => ({ rows: night < 4 ? 1_000 : 100 })))
      ids.push(await writePast(store, past));
    const put: Place['put'] = async (key, content) => {
      await mkdir(dirname(join(directory, key)), { recursive: true });
      await writeFile(join(directory, key), content);
    };
    await use({ store, ids, put });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function pruneNow(store: PrunableStore, changes: Partial<PruneRequest> = {}): Promise<PruneReport> {
  const { signal } = new AbortController();
  const policy = policyOf({ keep: 'last=3', verified: true });
  const clock = (): Date => new Date('2026-11-27T06:00:00Z');
  return prune({ store, policy, apply: true, sweep: false, clock, signal, ...changes });
}

const gone = (report: PruneReport): string[] =>
  report.groups
    .flatMap(({ lines }) => lines.filter(({ outcome }) => outcome?.kind === 'gone'))
    .map(({ id }) => id)
    .sort();

type Lie = Record<string, unknown>;

test.each<[string, (night: number, ids: readonly string[]) => Lie]>([
  ['that nothing was lost', () => ({ rows: 1_000 })],
  ['that the newest are partial', (night) => (night > 4 ? { partial: true } : {})],
  [
    'that each is of another cluster',
    (night) => ({ server: { version: '17', systemIdentifier: `70${night}` } }),
  ],
  [
    'that another was before',
    (_, [id]) => ({ previous: { id, rows: 1, bytes: 1, format: 'custom', compression: 'none' } }),
  ],
])('a summary that says %s changes nothing of what goes', (_, lie) =>
  withHistory(async ({ store, ids }) => {
    for (const [night, id] of ids.entries()) {
      const key = `${id}/summary.json`;
      const summary = JSON.parse((await readSmall(store, key)).toString()) as object;
      await store.replace(key, serialize({ ...summary, ...lie(night, ids) }));
    }
    // The fourth and the fifth are the pair of the cliff.
    expect(gone(await pruneNow(store))).toEqual(ids.slice(0, 3));
  }),
);
