import type { NightStore } from '../../core/config/night.ts';
import { parseStoreUrl } from '../../core/config/store-url.ts';
import { prunableFileStore } from '../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';
import type { S3StoreSettings } from '../../core/store/s3/s3-settings.ts';
import type { Secrets } from './secrets.ts';

/** The store of a configuration. Nothing is contacted yet; who has no bucket does not load the SDK. @throws UsageError */
export async function openPlace(place: Omit<NightStore, 'name'>, secrets: Secrets): Promise<PrunableStore> {
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
    profile: place.profile,
    credentials: await credentialsOf(place, secrets),
  });
}

async function credentialsOf(
  { profile, accessKey }: Omit<NightStore, 'name'>,
  { of }: Secrets,
): Promise<S3StoreSettings['credentials']> {
  if (profile !== undefined) {
    const { fromIni } = await import('@aws-sdk/credential-providers');
    return fromIni({ profile });
  }
  if (accessKey === undefined) return undefined;
  const { id, secret, session } = accessKey;
  return {
    accessKeyId: typeof id === 'string' ? id : of(id),
    secretAccessKey: of(secret),
    ...(session === undefined ? {} : { sessionToken: of(session) }),
  };
}
