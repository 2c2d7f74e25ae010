import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup } from '../../../core/backup/backup.ts';
import type { BackupDependencies, BackupPlan } from '../../../core/backup/plan.ts';
import type { BackupProgress } from '../../../core/backup/progress.ts';
import type { BackupReport } from '../../../core/backup/report.ts';
import { planDefaults } from '../../../core/config/defaults.ts';
import { parseId } from '../../../core/manifest/backup-id.ts';
import type { Verification } from '../../../core/manifest/verification.ts';
import type { Alert } from '../../../core/notify/alert.ts';
import { notifier } from '../../../core/notify/notifier.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { chooseTools, type PostgresTools } from '../../../core/postgres/programs/tools.ts';
import { fileStore } from '../../../core/store/file/file-store.ts';
import type { Store } from '../../../core/store/store.ts';
import { verifyBackup } from '../../../core/verify/verify.ts';
import type { LevelChoice } from '../../../core/vocabulary.ts';
import { findTools, verificationTools } from '../postgres/programs.ts';

/** A directory that is gone afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A file store that is gone afterwards; `files` lists all that lies in it, hidden or not. */
export async function withFileStore<T>(
  use: (store: Store, files: () => Promise<string[]>, directory: string) => Promise<T>,
): Promise<T> {
  return withDirectory((directory) => {
    const files = async (): Promise<string[]> => (await readdir(directory, { recursive: true })).sort();
    return use(fileStore({ directory }), files, directory);
  });
}

export const realTools = async (serverMajor: number): Promise<PostgresTools> =>
  chooseTools(await findTools(), serverMajor);

export type Run = {
  readonly alerts: Alert[];
  readonly progress: BackupProgress[];
  readonly outcome: Promise<BackupReport>;
};

/** Runs the real use case on a real server, and keeps what was told on the way. */
export function runBackup(
  parameters: ConnectionParameters,
  store: Store,
  plan: Partial<BackupPlan> = {},
  dependencies: Partial<BackupDependencies> = {},
): Run {
  const alerts: Alert[] = [];
  const progress: BackupProgress[] = [];
  const outcome = backup(
    {
      ...planDefaults,
      databases: [parameters.database],
      excludeDatabases: [],
      compression: undefined,
      ...plan,
    },
    {
      source: { name: 'test', resolve: async () => parameters },
      store,
      tools: realTools,
      clock: () => new Date(),
      notifier: notifier({ publish: async (alert) => void alerts.push(alert) }, 'failures'),
      signal: new AbortController().signal,
      ...dependencies,
      onProgress: (event) => {
        if (event.kind !== 'bytes') progress.push(event);
        dependencies.onProgress?.(event);
      },
    },
  );
  // Tests that look at something else first still hear of a failure when they await it.
  outcome.catch(() => undefined);
  return { alerts, progress, outcome };
}

export function verifyNow(
  store: Store,
  id: string,
  level: LevelChoice = 'read',
  without: readonly string[] = [],
): Promise<Verification> {
  return verifyBackup(
    { id: parseId(id), level, without },
    { store, tools: realTools, verificationTools, clock: () => new Date() },
  );
}

/** A table that takes a while to dump and hardly compresses: `megabytes` of text, half of that in the archive. */
export function bulk(megabytes: number): string {
  // In long hashes that the server does not try to compress: made so it takes a seventh of the time.
  return `create table bulk (i int, noise text);
    alter table bulk alter noise set storage external;
    insert into bulk select i, (select string_agg(encode(sha512(int8send(i * 1000000::bigint + j)), 'hex'), '')
      from generate_series(1, 512) j) from generate_series(1, ${megabytes * 16}) i`;
}
