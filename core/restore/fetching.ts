import type { FetchContext } from '../inventory/fetch-archive.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { hasUnmet } from './choose-entries.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';

/** Where an archive comes from, and who hears of it. */
export function fetchContext({ id }: RestoreRequest, dependencies: RestoreDependencies): FetchContext {
  const { store, signal, manifest, onProgress } = dependencies;
  const totalBytes = archiveBytes(manifest);
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
    onProgress?.({ step: 'fetching', bytes, totalBytes });
  };
  return { store, signal, id, onBytes };
}

/**
 * Why the archive has to lie in a file while it is restored; undefined where it need not.
 * @param isEmpty whether the target is, or will be
 */
export function whyFile(
  manifest: Manifest,
  { selection, jobs, intoSchema }: RestoreRequest,
  isEmpty: boolean,
): string | undefined {
  if (manifest.dump.format === 'directory') return 'pg_restore reads the directory format from files only';
  if (hasUnmet(manifest))
    return 'what cannot be restored without the rest is looked up in its table of contents first';
  if (manifest.selection?.schemas !== undefined)
    return 'whether it makes schema public is looked up in its table of contents first';
  if (isPartial(selection)) return 'what is selected is looked up in its table of contents first';
  if (!isEmpty && manifest.dump.format !== 'plain')
    return 'what of it the target has already is looked up in its table of contents first';
  if (intoSchema !== undefined) return 'what lies in no schema is looked up in its table of contents first';
  return jobs !== undefined && jobs > 1 ? 'several jobs read it at once' : undefined;
}
