import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { judgeManifest } from '../../../core/inventory/judge-manifest.ts';
import { keyOf, parseId } from '../../../core/manifest/backup-id.ts';
import { prune } from '../../../core/prune/prune.ts';
import type { PruneReport } from '../../../core/prune/report.ts';
import type { PruneRequest } from '../../../core/prune/request.ts';
import { parseKeep } from '../../../core/retention/keep.ts';
import { policyOf } from '../../../core/retention/policy.ts';
import { prunableFileStore } from '../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../core/store/prunable.ts';
import { readSmall } from '../../../core/store/store.ts';
import { type PastBackup, writePast } from '../backup/history.ts';

/** A store in a directory of its own. */
export type Place = {
  readonly store: PrunableStore;
  readonly directory: string;
  readonly keys: () => Promise<string[]>;
};

export async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-prune-'));
  const keys = async (): Promise<string[]> => {
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .sort();
  };
  try {
    await use({ store: prunableFileStore({ directory }), directory, keys });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns the ids, in the order of the history */
export async function fill(store: PrunableStore, history: readonly PastBackup[]): Promise<string[]> {
  const ids: string[] = [];
  for (const past of history) ids.push(await writePast(store, past));
  return ids;
}

/** After the last night of most histories. */
export const morning = new Date('2026-11-27T06:00:00Z');

export function pruneAt(
  store: PrunableStore,
  keep: string,
  changes: Partial<PruneRequest> & { readonly now?: Date; readonly min?: number } = {},
): Promise<PruneReport> {
  const { now = morning, min = 3, ...rest } = changes;
  const policy = policyOf({ keep: parseKeep(keep), min, timeZone: 'UTC', verified: true });
  const signal = new AbortController().signal;
  return prune({ store, policy, apply: true, sweep: false, clock: () => now, signal, ...rest });
}

export const gone = (report: PruneReport): string[] =>
  report.groups
    .flatMap(({ lines }) => lines.filter(({ outcome }) => outcome?.kind === 'gone'))
    .map(({ id }) => id)
    .sort();

/** Every backup that has a manifest, with all of its objects there. */
export async function listed({ store, keys }: Place): Promise<string[]> {
  const all = new Set(await keys());
  const ids = [...all]
    .filter((key) => /Z\/manifest\.json$/.test(key))
    .map((key) => key.slice(0, -'/manifest.json'.length));
  for (const text of ids) {
    const id = parseId(text);
    const manifest = judgeManifest(await readSmall(store, keyOf(id, 'manifest.json')), id, text);
    for (const { name } of manifest.objects) expect(all, text).toContain(`${text}/${name}`);
  }
  return ids.sort();
}
