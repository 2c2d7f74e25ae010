import type { BackupId } from '../manifest/backup-id.ts';
import { folderOf } from '../manifest/recovery-note.ts';
import { type Store, StoreUnusable } from '../store/store.ts';
import { parseStoreUrl } from '../store/store-url.ts';

/** Where the backups of one database lie, as the store's own client is told it. */
export type NotePlace = {
  readonly kind: 's3' | 'file';
  /** The store, as pgproof is told it. */
  readonly url: string;
  /** `s3://bucket/prefix/source/database`, not percent-encoded beyond the names; of a directory, its path. */
  readonly here: string;
  /** Of what speaks S3's API and is not Amazon's. */
  readonly endpoint?: string | undefined;
};

/** @throws UsageError where the store's URL is none */
export async function placeOf(
  store: Store,
  names: Pick<BackupId, 'source' | 'database'>,
): Promise<NotePlace> {
  const location = parseStoreUrl(store.url);
  const folder = folderOf(names);
  if (location.kind === 'file')
    return { kind: 'file', url: store.url, here: `${location.directory}/${folder}` };
  const { bucket, prefix } = location;
  const here = `s3://${bucket}/${prefix === '' ? '' : `${prefix}/`}${folder}`;
  return { kind: 's3', url: store.url, here, endpoint: await endpointOf(store) };
}

/** Of Amazon's own services the name is no URL: their client finds them by the region. */
async function endpointOf(store: Store): Promise<string | undefined> {
  try {
    const service = (await store.service?.()) ?? '';
    return /^https?:\/\//.test(service) ? service.replace(/:$/, '') : undefined;
  } catch (error: unknown) {
    if (error instanceof StoreUnusable) return undefined;
    throw error;
  }
}
