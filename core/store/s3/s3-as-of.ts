import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { UsageError } from '../../errors.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { checkKey, isKey } from '../key.ts';
import { collectBeginning, ObjectMissing, type ReadOptions, type Store } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { readTagged } from './s3-object.ts';
import { s3Place } from './s3-place.ts';
import type { S3StoreSettings } from './s3-settings.ts';
import {
  type AskPage,
  lyingThere,
  type PageStart,
  type PastObject,
  pageAsker,
  pastObjects,
} from './s3-versions.ts';

/** How many keys are remembered with their version: a directory archive has one for each table. Some 300 bytes each. */
const mostRemembered = 10_000;

function neverVersioned(url: string): UsageError {
  return new UsageError({
    what: `The bucket has no versioning, so nobody knows what lay in it before (${url})`,
    fix: 'Leave --as-of out. What is deleted in such a bucket is gone; switch versioning on for the next time.',
  });
}

/** The pages of a bucket that is known to keep versions, which is asked before the first. */
function versionedPages(place: Parameters<typeof pageAsker>[0], at: Date): AskPage {
  const ask = pageAsker(place, at);
  let isVersioned: boolean | undefined;
  return async (query, options) => {
    isVersioned ??= await asksVersioning(place, options);
    if (isVersioned === false) throw neverVersioned(place.url);
    const page = await ask(query, options);
    if (isVersioned === undefined && page.candidates.size > 0) {
      // A bucket that may not be asked shows it.
      if (page.isUnversioned) throw neverVersioned(place.url);
      isVersioned = true;
    }
    return page;
  };
}

/** Undefined where it may not be asked. A bucket whose versioning was suspended has what was before. */
async function asksVersioning(
  { client, bucket, url }: Parameters<typeof pageAsker>[0],
  { signal }: ReadOptions,
): Promise<boolean | undefined> {
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  try {
    const { Status } = await client.send(command, { ...(signal && { abortSignal: signal }) });
    return Status !== undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (['AccessDenied', 'http:403', 'NotImplemented'].includes(s3ErrorName(error))) return undefined;
    throw abortReasonOr(signal, fromS3(error, url, 'versions'));
  }
}

/** Which version of a key it was. What has been listed is known; of what has not, its whole directory is asked for. */
class Past {
  readonly #ask: AskPage;
  readonly #folder: string;
  readonly #known = new Map<string, PastObject | undefined>();

  constructor(ask: AskPage, folder: string) {
    this.#ask = ask;
    this.#folder = folder;
  }

  remember(key: string, object: PastObject | undefined): void {
    this.#known.delete(key);
    this.#known.set(key, object);
    if (this.#known.size <= mostRemembered) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  async find(key: string, options: ReadOptions): Promise<PastObject | undefined> {
    if (this.#known.has(key)) return this.#known.get(key);
    const Prefix = this.#folder + key.slice(0, key.lastIndexOf('/') + 1);
    const page = await this.#ask({ Prefix }, options);
    // Of the last there may be more on the next page.
    for (const [one, candidates] of page.candidates)
      if (page.next === undefined || one !== page.last) this.remember(one, lyingThere(candidates));
    if (this.#known.has(key)) return this.#known.get(key);
    const object = page.next === undefined ? undefined : await this.#findAlone(key, options);
    this.remember(key, object);
    return object;
  }

  async #findAlone(key: string, options: ReadOptions): Promise<PastObject | undefined> {
    // Keys that go on behind this one come after it.
    for await (const object of pastObjects(this.#ask, this.#folder, key, options))
      return object.key === key ? object : undefined;
    return undefined;
  }
}

/**
 * A bucket with versioning as it was at a moment, to be read only. Needs s3:ListBucketVersions and s3:GetObjectVersion, and
 * s3:GetBucketVersioning to tell an empty past from a bucket that has none. What its lifecycle rules have removed since is
 * gone. S3 dates an object that came in parts to when its upload was begun.
 * @throws UsageError where the settings are wrong; nothing is contacted yet
 */
export function s3StoreAsOf(settings: S3StoreSettings, at: Date): Store {
  const place = s3Place(settings);
  const { folder, url } = place;
  const ask = versionedPages(place, at);
  const past = new Past(ask, folder);
  const refuse = async (): Promise<never> => {
    throw new UsageError({
      what: `The past is read, and cannot be written to (${url})`,
      got: `as of ${at.toISOString()}`,
      fix: 'Leave --as-of out to write.',
    });
  };
  const read: Store['read'] = async (key, options = {}) => {
    checkKey(key);
    const found = await past.find(key, options);
    if (found === undefined)
      throw new ObjectMissing({
        what: `There was no such object (${url}/${key})`,
        got: `nothing as of ${at.toISOString()}`,
        fix: 'See what there was with `pgproof list --as-of`.',
      });
    return (await readTagged(place, key, { ...options, versionId: found.versionId })).stream;
  };
  return {
    url,
    prepare: refuse,
    stage: async (_key, content) => {
      content.on('error', () => {});
      content.destroy();
      return await refuse();
    },
    create: refuse,
    replace: refuse,
    replaceIf: refuse,
    read,
    async readVersion(key, options = {}) {
      try {
        const content = await collectBeginning(await read(key, options));
        return { content, version: (await past.find(key, options))?.versionId ?? '' };
      } catch (error) {
        if (error instanceof ObjectMissing) return undefined;
        throw error;
      }
    },
    async *list(prefix, options = {}) {
      for await (const object of pastObjects(ask, folder, prefix, options)) {
        past.remember(object.key, object);
        const { key, bytes, modifiedAt, tag, storageClass } = object;
        yield { key, bytes, modifiedAt, tag, storageClass };
      }
    },
    async *folders(prefix, options = {}) {
      for (let from: PageStart | undefined = {}; from !== undefined; ) {
        const page: Awaited<ReturnType<AskPage>> = await ask(
          { Prefix: folder + prefix, Delimiter: '/', ...from },
          options,
        );
        for (const below of page.folders) {
          const name = below.slice(prefix.length, -1);
          if (isKey(name)) yield name;
        }
        from = page.next;
      }
    },
  };
}
