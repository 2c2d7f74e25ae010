import { ListObjectsV2Command, type ListObjectsV2Output } from '@aws-sdk/client-s3';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { isKey } from '../key.ts';
import type { ListOptions, ReadOptions, StoredObject } from '../store.ts';
import { fromS3 } from './s3-error.ts';
import { keyDecoder, type Place } from './s3-object.ts';

/** Where a page begins: at the beginning, behind a key, or where the page before ended. */
type From = { readonly StartAfter?: string; readonly ContinuationToken?: string };

async function ask(
  place: Place,
  query: From & { readonly Prefix: string; readonly Delimiter?: string },
  { signal }: ReadOptions,
): Promise<ListObjectsV2Output> {
  // Keys of others may have characters that XML cannot carry.
  const command = new ListObjectsV2Command({ Bucket: place.bucket, EncodingType: 'url', ...query });
  return await place.client
    .send(command, { ...(signal && { abortSignal: signal }) })
    .catch((error: unknown) => {
      throw abortReasonOr(signal, fromS3(error, place.url, 'list'));
    });
}

function decoded(page: ListObjectsV2Output, key: string): string {
  return keyDecoder(page.EncodingType)(key);
}

/**
 * Where the page that ends in a folder of no interest is followed by one that begins behind that folder: so it costs one
 * request however many objects lie in it. Behind `~` there is no name of ours; what lies there is passed over key by key.
 */
export async function* listObjects(
  place: Place,
  prefix: string,
  options: ListOptions = {},
): AsyncGenerator<StoredObject> {
  const { signal, skips, onSkipped } = options;
  let from: From | undefined = {};
  // An S3-like that does not know StartAfter begins anew: then all is read, and nothing told twice.
  let told = '';
  let canJump = skips !== undefined;
  while (from !== undefined) {
    const page: ListObjectsV2Output = await ask(place, { Prefix: place.folder + prefix, ...from }, options);
    let last = '';
    let folder: string | undefined;
    for (const { Key, Size, LastModified, ETag, StorageClass } of page.Contents ?? []) {
      signal?.throwIfAborted();
      last = decoded(page, Key ?? '').slice(place.folder.length);
      if (told !== '' && !isBehind(last, told)) {
        canJump = false;
        continue;
      }
      folder = skips && skippedFolder(last, prefix, skips);
      if (!isKey(last)) continue;
      const modifiedAt = LastModified ?? new Date(0);
      const object = { key: last, bytes: Size ?? 0, modifiedAt, tag: ETag, storageClass: StorageClass };
      if (folder === undefined) yield object;
      else onSkipped?.(object);
    }
    const behind: string | undefined = folder && `${folder}~`;
    if (page.IsTruncated !== true) from = undefined;
    else if (canJump && behind !== undefined && isBehind(behind, last)) {
      told = behind;
      from = { StartAfter: place.folder + behind };
    } else from = next(page);
  }
}

/** The names of the folders right below a prefix, a thousand to a request. */
export async function* listFolders(
  place: Place,
  prefix: string,
  options: ReadOptions = {},
): AsyncGenerator<string> {
  const whole = place.folder + prefix;
  for (let from: From | undefined = {}; from !== undefined; ) {
    const page: ListObjectsV2Output = await ask(place, { Prefix: whole, Delimiter: '/', ...from }, options);
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
      options.signal?.throwIfAborted();
      const name = decoded(page, Prefix).slice(whole.length, -1);
      if (isKey(name)) yield name;
    }
    from = page.IsTruncated === true ? next(page) : undefined;
  }
}

function next({ NextContinuationToken }: ListObjectsV2Output): From | undefined {
  return NextContinuationToken === undefined ? undefined : { ContinuationToken: NextContinuationToken };
}

/** The outermost folder below the prefix that a key lies in and that is skipped. */
export function skippedFolder(
  key: string,
  prefix: string,
  skips: (folder: string) => boolean,
): string | undefined {
  for (let at = key.indexOf('/', prefix.length); at !== -1; at = key.indexOf('/', at + 1)) {
    const folder = key.slice(0, at + 1);
    if (skips(folder)) return folder;
  }
  return undefined;
}

/** S3 sorts by UTF-8 bytes. */
function isBehind(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0;
}
