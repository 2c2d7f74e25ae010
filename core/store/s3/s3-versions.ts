import { ListObjectVersionsCommand, type ListObjectVersionsOutput } from '@aws-sdk/client-s3';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { isKey } from '../key.ts';
import { type ListOptions, type ReadOptions, StoreUnusable } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { skippedFolder } from './s3-list.ts';
import { keyDecoder, type Place } from './s3-object.ts';

/** What lay under a key at a moment. */
export type PastObject = {
  readonly key: string;
  readonly versionId: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  readonly tag: string | undefined;
  readonly storageClass: string | undefined;
};

/** The newest version of a key that is not younger than the moment, and the newest delete marker. */
type Candidates = {
  version?: PastObject & { readonly isLatest: boolean };
  marker?: { readonly modifiedAt: Date; readonly isLatest: boolean };
};

/** One page of a listing of versions, its keys decoded and relative to the store. */
export type VersionPage = {
  /** In the order of the keys. */
  readonly candidates: ReadonlyMap<string, Candidates>;
  readonly folders: readonly string[];
  /** Whether every version in it is the one that a bucket without versioning has of each key. */
  readonly isUnversioned: boolean;
  /** The last key of the page, of which the next may tell more. */
  readonly last: string | undefined;
  readonly next: PageStart | undefined;
};

/** Keys are whole ones of the bucket. */
export type PageStart = {
  readonly KeyMarker?: string | undefined;
  readonly VersionIdMarker?: string | undefined;
};

/** Asks for a page; whoever does so for a store looks at it first. */
export type AskPage = (
  query: PageStart & { readonly Prefix: string; readonly Delimiter?: string },
  options: ReadOptions,
) => Promise<VersionPage>;

function fromVersions(error: unknown, url: string): Error {
  const name = s3ErrorName(error);
  if (name !== 'AccessDenied' && name !== 'NotImplemented') return fromS3(error, url, 'versions');
  return new StoreUnusable(
    {
      what: `What lay in the bucket before cannot be listed (${url})`,
      got: name,
      fix: 'Allow s3:ListBucketVersions on the bucket and s3:GetObjectVersion on its objects; not every S3-like keeps versions.',
    },
    { cause: error },
  );
}

export function pageAsker(place: Place, at: Date): AskPage {
  return async (query, { signal }) => {
    const command = new ListObjectVersionsCommand({ Bucket: place.bucket, EncodingType: 'url', ...query });
    const page = await place.client
      .send(command, { ...(signal && { abortSignal: signal }) })
      .catch((error: unknown) => {
        throw abortReasonOr(signal, fromVersions(error, place.url));
      });
    return pageOf(page, place.folder, at);
  };
}

function pageOf(page: ListObjectVersionsOutput, folder: string, at: Date): VersionPage {
  const decode = keyDecoder(page.EncodingType);
  const own = (key: string | undefined): string => decode(key ?? '').slice(folder.length);
  const { Versions = [], DeleteMarkers = [], NextKeyMarker, NextVersionIdMarker } = page;
  const found = new Map<string, Candidates>();
  const candidatesOf = (key: string): Candidates => {
    const candidates = found.get(key) ?? {};
    found.set(key, candidates);
    return candidates;
  };
  // The answer has versions and markers apart, each with the newest of a key first.
  for (const {
    Key,
    VersionId = 'null',
    Size = 0,
    LastModified,
    ETag,
    IsLatest = false,
    StorageClass,
  } of Versions) {
    const key = own(Key);
    const candidates = candidatesOf(key);
    if (LastModified === undefined || LastModified > at) continue;
    candidates.version ??= {
      key,
      versionId: VersionId,
      bytes: Size,
      modifiedAt: LastModified,
      tag: ETag,
      storageClass: StorageClass,
      isLatest: IsLatest,
    };
  }
  for (const { Key, LastModified, IsLatest = false } of DeleteMarkers) {
    const candidates = candidatesOf(own(Key));
    if (LastModified === undefined || LastModified > at) continue;
    candidates.marker ??= { modifiedAt: LastModified, isLatest: IsLatest };
  }
  const sorted = [...found].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return {
    candidates: new Map(sorted),
    folders: (page.CommonPrefixes ?? []).map(({ Prefix }) => own(Prefix)),
    isUnversioned: Versions.every(({ VersionId }) => VersionId === 'null') && DeleteMarkers.length === 0,
    last: sorted.at(-1)?.[0],
    next:
      page.IsTruncated === true && NextKeyMarker !== undefined
        ? { KeyMarker: decode(NextKeyMarker), VersionIdMarker: NextVersionIdMarker }
        : undefined,
  };
}

/**
 * S3 knows times to the second. Of an object and a marker of the same second the one that is the newest of all was later;
 * where neither is, nobody can know, and what may have been there is shown.
 */
export function lyingThere({ version, marker }: Candidates): PastObject | undefined {
  if (version === undefined || marker === undefined) return version;
  const apart = version.modifiedAt.getTime() - marker.modifiedAt.getTime();
  return apart < 0 || (apart === 0 && marker.isLatest) ? undefined : version;
}

/** What lay below a prefix, in the order of the keys, page by page; of each key the versions of one second are told once. */
export async function* pastObjects(
  ask: AskPage,
  folder: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<PastObject> {
  const { signal } = options;
  let open: readonly [string, Candidates] | undefined;
  for (let from: PageStart | undefined = {}; from !== undefined; ) {
    const page: VersionPage = await ask({ Prefix: folder + prefix, ...from }, options);
    for (const [key, candidates] of page.candidates) {
      signal?.throwIfAborted();
      if (open !== undefined && open[0] !== key) yield* told(open, prefix, options);
      const before: Candidates = open?.[0] === key ? open[1] : {};
      open = [key, { ...candidates, ...before }];
    }
    from = behind(page, folder, prefix, options.skips);
  }
  if (open !== undefined) yield* told(open, prefix, options);
}

function* told(
  [key, candidates]: readonly [string, Candidates],
  prefix: string,
  { skips, onSkipped }: ListOptions,
): Generator<PastObject> {
  const there = lyingThere(candidates);
  if (there === undefined || !isKey(key)) return;
  if (skips === undefined || skippedFolder(key, prefix, skips) === undefined) yield there;
  else onSkipped?.(there);
}

/** A page that ends in a folder of no interest is followed by one that begins behind it: `~` is behind our names. */
function behind(
  { next, last }: VersionPage,
  folder: string,
  prefix: string,
  skips: ListOptions['skips'],
): PageStart | undefined {
  if (next === undefined || last === undefined || skips === undefined) return next;
  const skipped = skippedFolder(last, prefix, skips);
  return skipped === undefined || last > `${skipped}~` ? next : { KeyMarker: `${folder}${skipped}~` };
}
