import { thawTimesText } from '../store/frozen.ts';
import { StoreUnusable } from '../store/store.ts';
import { type Finding, refused } from './finding.ts';
import type { RestoreDependencies, RestoreRequest } from './request.ts';

/** Whether S3 has to thaw the archive first: a restore ends there, where it was not told to have it done. */
export async function findFrozen(
  { id }: RestoreRequest,
  { store, manifest, signal }: RestoreDependencies,
): Promise<Finding[]> {
  // A directory has no such classes, and who reads one needs no SDK.
  if (!store.url.startsWith('s3:')) return [];
  const { storedState } = await import('../inventory/stored-state.ts');
  const stored = await storedState(store, id, manifest, { signal }).catch((error: unknown) => {
    if (error instanceof StoreUnusable) return undefined;
    throw error;
  });
  if (stored === undefined || stored.state === 'readable') return [];
  if (stored.state === 'unknown')
    return [
      {
        subject: 'archive',
        status: 'unknown',
        detail: `it lies in ${stored.classes.join(', ')}, and whether it was thawed may not be asked`,
      },
    ];
  const times = stored.places.map((place) => `${place}: ${thawTimesText(place)}`).join('; ');
  return [
    refused('archive', {
      what: stored.state === 'frozen' ? 'The archive has to be thawed first' : 'The archive is being thawed',
      got: `${stored.places.join(', ')} (${times})`,
      fix: 'Restore with --thaw, which asks for what is not asked for yet and waits, or have it thawed before.',
    }),
  ];
}
