import type { NightStore } from '../../core/config/night.ts';
import { parseStoreUrl } from '../../core/config/store-url.ts';
import { prunableFileStore } from '../../core/store/file/prunable-file-store.ts';
import { profileSettings } from '../../core/store/profile-settings.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';
import type { S3StoreSettings } from '../../core/store/s3/s3-settings.ts';
import type { Secrets } from './secrets.ts';

/** What stores and copies have in common. */
type Place = Omit<NightStore, 'name' | 'prune'>;

/** The store of a configuration. Nothing is contacted yet; who has no bucket does not load the SDK. @throws UsageError */
export async function openPlace(place: Place, secrets: Secrets): Promise<PrunableStore> {
  const location = parseStoreUrl(place.url);
  if (location.kind === 'file') return prunableFileStore({ directory: location.directory });
  const { openPrunable } = await import('../../core/store/open-prunable.ts');
  return openPrunable(place.url, {
    endpoint: place.endpoint,
    region: place.region,
    forcePathStyle: place.pathStyle,
    kmsKeyArn: place.kmsKeyArn,
    storageClass: place.storageClass,
    partLimit: place.partLimit,
    ...(place.profile === undefined ? {} : profileSettings(place.profile)),
    ...keysOf(place, secrets),
  });
}

function keysOf({ accessKey }: Place, { of }: Secrets): Pick<S3StoreSettings, 'credentials'> {
  if (accessKey === undefined) return {};
  const { id, secret, session } = accessKey;
  return {
    credentials: {
      accessKeyId: typeof id === 'string' ? id : of(id),
      secretAccessKey: of(secret),
      ...(session === undefined ? {} : { sessionToken: of(session) }),
    },
  };
}
