import { type BackupId, idInKey } from '../../core/manifest/backup-id.ts';
import { parseStoreUrl } from '../../core/store/store-url.ts';
import type { ObjectCreated } from './contract.ts';
import { BadSettings } from './settings.ts';

/**
 * Which backup an object that appeared is of. A key is the store's prefix and the id as we wrote it: EventBridge, unlike S3's
 * own notifications, hands keys over as they are.
 *
 * @param store.suffix how keys of such objects end, and what they are: `/manifest.json`, `manifest`
 * @throws BadSettings for an object that is none such of this store
 */
export function idOfEvent(
  { detail }: ObjectCreated,
  { url, suffix, kind }: { readonly url: string; readonly suffix: string; readonly kind: string },
): BackupId {
  const { bucket, object } = detail;
  const place = parseStoreUrl(url);
  const prefix = place.kind === 's3' && place.prefix !== '' ? `${place.prefix}/` : '';
  const isOurs = place.kind === 's3' && place.bucket === bucket.name && object.key.startsWith(prefix);
  const text = object.key.slice(prefix.length, -suffix.length);
  const id = isOurs && object.key.endsWith(suffix) ? idInKey(text) : undefined;
  if (id !== undefined) return id;
  throw new BadSettings({
    what: `The event is about an object that is no ${kind} of this store`,
    got: `s3://${bucket.name}/${object.key}`,
    expected: `${url.replace(/\/+$/, '')}/SOURCE/DATABASE/STARTED-AT${suffix}`,
    fix: "Correct the rule that triggers this function, or the function's store.",
  });
}
