import { findBackup } from '../../core/inventory/read-backup.ts';
import { type BackupId, idInKey } from '../../core/manifest/backup-id.ts';
import type { ReadOptions, Store } from '../../core/store/store.ts';
import { parseStoreUrl } from '../../core/store/store-url.ts';
import type { VerifyRequest } from '../../core/verify/request.ts';
import { BadSettings } from '../lambda/settings.ts';
import { manifestSuffix, type VerifyEvent } from './contract.ts';
import type { VerifySettings } from './settings.ts';

type ByHand = Extract<VerifyEvent, { level?: unknown }>;
type ObjectCreated = Exclude<VerifyEvent, ByHand>;

/**
 * Which backup an event means.
 * @throws BadSettings for an object that is no manifest of this store, BackupNotFound
 */
export async function requestFrom(
  event: VerifyEvent,
  settings: VerifySettings,
  store: Store,
  options: ReadOptions = {},
): Promise<VerifyRequest> {
  const { level, checks, without } = settings;
  if (isObjectCreated(event))
    return { id: idOf(event.detail.bucket.name, event.detail.object.key, settings), level, checks, without };
  const id = await findBackup(store, event.backup, { ...options, partial: event.partial });
  return {
    id,
    level: event.level ?? level,
    checks: event.checks ?? checks,
    without: event.without ?? without,
  };
}

function isObjectCreated(event: VerifyEvent): event is ObjectCreated {
  return 'detail' in event;
}

/**
 * A key is the store's prefix and the id as we wrote it: EventBridge, unlike S3's own notifications, hands keys over
 * as they are.
 */
function idOf(bucket: string, key: string, { store }: VerifySettings): BackupId {
  const place = parseStoreUrl(store);
  const prefix = place.kind === 's3' && place.prefix !== '' ? `${place.prefix}/` : '';
  const isOurs = place.kind === 's3' && place.bucket === bucket && key.startsWith(prefix);
  const text = key.slice(prefix.length, -manifestSuffix.length);
  const id = isOurs && key.endsWith(manifestSuffix) ? idInKey(text) : undefined;
  if (id !== undefined) return id;
  throw new BadSettings({
    what: 'The event is about an object that is no manifest of this store',
    got: `s3://${bucket}/${key}`,
    expected: `${store.replace(/\/+$/, '')}/SOURCE/DATABASE/STARTED-AT${manifestSuffix}`,
    fix: "Correct the rule that triggers this function, or the function's store.",
  });
}
