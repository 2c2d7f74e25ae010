import {
  type FetchContext,
  fetchArchive,
  fetchDatabaseSql,
  fetchGlobals,
} from '../../inventory/fetch-archive.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { StoredChecks } from '../read/check-stored.ts';

/**
 * Brings all that a backup is, every byte of it hashed, and decodes none of it: whoever looks for a row has no time for
 * a proof. Where the archive is not kept, it is hashed while it is restored.
 *
 * @throws ChecksumMismatch, ObjectMissing, and what the store or the disk throws
 */
export async function fetchAll(
  manifest: Manifest,
  directory: string,
  { keepArchive, ...context }: FetchContext & { readonly keepArchive: boolean },
): Promise<StoredChecks> {
  const globals = await fetchGlobals(manifest, context);
  const sql = await fetchDatabaseSql(manifest, context);
  const kept = keepArchive ? await fetchArchive(manifest, directory, context) : undefined;
  return {
    checks: [],
    kept,
    globals,
    database: sql === undefined ? undefined : Buffer.from(sql),
    counts: undefined,
    throughRoot: [],
    timings: undefined,
  };
}
