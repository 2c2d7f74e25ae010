import { stat } from 'node:fs/promises';
import type { NightConfig } from '../../core/config/night.ts';
import { parseStoreUrl } from '../../core/config/store-url.ts';

/**
 * What root is about to do to directories of somebody else: objects are 0600, so what is written now by hand their owner's
 * next night can neither read nor prune. A line for each.
 *
 * @param uid of this process; undefined where there are none
 */
export async function foreignOwners(
  { stores, copies }: NightConfig,
  uid: number | undefined,
): Promise<string[]> {
  if (uid !== 0) return [];
  const lines = [...stores, ...copies].map(async ({ url }) => {
    const location = parseStoreUrl(url);
    if (location.kind !== 'file') return [];
    const found = await stat(location.directory).catch(() => undefined);
    if (found === undefined || found.uid === 0) return [];
    return [
      `${url} belongs to user ${found.uid}, who will not be able to read what root writes there now: run it as that user (runuser -u …), and give it what root wrote (chown -R).`,
    ];
  });
  return (await Promise.all(lines)).flat();
}
