import { thawTimesText } from '../store/frozen.ts';
import { StoreUnusable } from '../store/store.ts';
import { type Finding, refused } from './finding.ts';
import type { RestoreDependencies } from './request.ts';

/** Whether S3 has to thaw the archive first: a restore ends there, where it was not told to have it done. */
export async function findFrozen({
  storedState,
}: Pick<RestoreDependencies, 'storedState'>): Promise<Finding[]> {
  const stored = await storedState?.().catch((error: unknown) => {
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
