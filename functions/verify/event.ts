import { findBackup } from '../shared/catalog/catalog.ts';
import { BadSettings } from '../shared/lambda/settings.ts';
import { parseId } from '../shared/manifest/backup-id.ts';
import type { Store } from '../shared/store/store.ts';
import { manifestSuffix, type VerifyEvent } from './contract.ts';
import type { VerifySettings } from './settings.ts';
import type { VerifyRequest } from './verify.ts';

/**
 * Which backup an event means. S3's key holds the store's prefix, and the id as we wrote it: EventBridge, unlike S3's
 * own notifications, hands keys over as they are.
 * @throws BadSettings for an object that is no manifest of this store
 */
export async function requestFrom(
  event: VerifyEvent,
  settings: VerifySettings,
  store: Store,
): Promise<VerifyRequest> {
  if ('backup' in event && typeof event.backup === 'string') {
    return {
      id: await findBackup(store, event.backup),
      level: event.level ?? settings.level,
    } as VerifyRequest;
  }
  const { detail } = event as Extract<VerifyEvent, { detail: unknown }>;
  const url = `s3://${detail.bucket.name}/${detail.object.key}`;
  const root = `${store.url.replace(/\/+$/, '')}/`;
  if (!url.startsWith(root) || !url.endsWith(manifestSuffix)) {
    throw new BadSettings({
      what: 'The event is about an object that is no manifest of this store',
      got: url,
      expected: `${root}SOURCE/DATABASE/STARTED-AT${manifestSuffix}`,
      fix: "Correct the rule that triggers this function, or the function's store.",
    });
  }
  return { id: parseId(url.slice(root.length, -manifestSuffix.length)), level: settings.level };
}
