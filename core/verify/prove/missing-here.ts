import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import { extensionName } from '../../postgres/archive/entry-label.ts';
import { dependentsOf, type Toc, type TocEntry } from '../../postgres/archive/toc.ts';
import { describeLeftOut } from './left-out.ts';

/** Extensions that a backup needs and this server lacks, with all that needs them. */
export type MissingExtensions = {
  readonly names: readonly string[];
  /** To be left out; empty where there is no table of contents to leave something out of. */
  readonly entries: readonly TocEntry[];
  /** `left out: extension vector and 3 objects that need it: …`; undefined where nothing is missing. */
  readonly detail: string | undefined;
};

export async function missingExtensions(
  client: Client,
  manifest: Manifest,
  toc: Toc | undefined,
): Promise<MissingExtensions> {
  const { rows } = await client.query<{ name: string }>('select name from pg_available_extensions');
  const available = new Set(rows.map(({ name }) => name));
  const inArchive = (toc?.entries ?? []).filter(({ type }) => type === 'EXTENSION');
  // The archive is what is restored; the manifest knows the names where they cannot be read from it.
  const names =
    toc === undefined
      ? manifest.extensions.map(({ name }) => name).filter((name) => !available.has(name))
      : inArchive.map(extensionName).filter((name) => !available.has(name));
  if (names.length === 0) return { names, entries: [], detail: undefined };
  const roots = inArchive.filter((entry) => names.includes(extensionName(entry)));
  const ids = new Set(roots.map(({ dumpId }) => dumpId));
  const dependents = toc === undefined ? new Set<number>() : dependentsOf(toc, ids);
  const entries = (toc?.entries ?? []).filter(({ dumpId }) => ids.has(dumpId) || dependents.has(dumpId));
  const missing = names.map((name) => `extension ${name}`);
  return { names, entries, detail: describeLeftOut(missing, entries) };
}
