import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { messageOf, PgproofError } from '../../errors.ts';
import { checkKey } from '../key.ts';
import type { NotRemoved } from '../prunable.ts';
import { type ReadOptions, StoreUnusable } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { s3Meanings } from './s3-meanings.ts';
import type { Place } from './s3-object.ts';
import { withMd5 } from './with-md5.ts';

/** S3's limit of one DeleteObjects. */
const batchKeys = 1000;
/** Where there is no DeleteObjects: so many calls at once. */
const singlesAtOnce = 16;
/** How often a key is asked for again that S3 had a passing trouble with, and how long is waited before the first time. */
const rounds = 6;
const firstDelayMs = 100;

/** What became of the keys of a call. Every key is in one of the lists. */
type Outcome = {
  readonly failed: readonly { readonly key: string; readonly error: unknown }[];
  /** Of which the answer says nothing. */
  readonly unsaid: readonly string[];
};

/** An entry of the answer's errors, as if a call of its own had failed with it. */
function asError(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: code });
}

/**
 * Deletes up to a thousand objects. The answer names every key, so that one which an odd service passes over in silence
 * does not count as deleted. The keys in it are S3's own; those of the store come back. An abort rejects.
 */
async function removeBatch(place: Place, keys: readonly string[], { signal }: ReadOptions): Promise<Outcome> {
  const { client, bucket, folder } = place;
  const command = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: keys.map((key) => ({ Key: folder + key })), Quiet: false },
  });
  const { Deleted = [], Errors = [] } = await client.send(await withMd5(client, command), {
    ...(signal && { abortSignal: signal }),
  });
  const own = (key: string | undefined): string => (key ?? '').slice(folder.length);
  const failed = Errors.map(({ Key, Code = 'Error', Message = '' }) => ({
    key: own(Key),
    error: asError(Code, Message),
  })).filter(({ error }) => error.name !== 'NoSuchKey');
  const said = new Set([...Deleted, ...Errors].map(({ Key }) => own(Key)));
  return { failed, unsaid: keys.filter((key) => !said.has(key)) };
}

async function removeSingles(
  place: Place,
  keys: readonly string[],
  { signal }: ReadOptions,
): Promise<Outcome> {
  const failed: { key: string; error: unknown }[] = [];
  const waiting = [...keys];
  const work = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      const command = new DeleteObjectCommand({ Bucket: place.bucket, Key: place.folder + key });
      try {
        await place.client.send(command, { ...(signal && { abortSignal: signal }) });
      } catch (error) {
        signal?.throwIfAborted();
        if (s3ErrorName(error) !== 'NoSuchKey') failed.push({ key, error });
      }
    }
  };
  await Promise.all(Array.from({ length: singlesAtOnce }, work));
  return { failed, unsaid: [] };
}

/**
 * What says that a service has no DeleteObjects, or not as we write it: Google's and Alibaba's say NotImplemented (with 400)
 * or MethodNotAllowed. Where one object after the other fails too, its own error tells why.
 */
function lacksBatches(error: unknown): boolean {
  const name = s3ErrorName(error);
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata
    ?.httpStatusCode;
  if (name === 'NotImplemented' || status === 405 || status === 501) return true;
  return status === 400 && (name === 'InvalidArgument' || !Object.hasOwn(s3Meanings, name));
}

/** Deletes objects by their keys. See `PrunableStore.remove`. */
export async function removeFromS3(
  place: Place,
  keys: Iterable<string>,
  options: ReadOptions = {},
): Promise<NotRemoved[]> {
  const left: NotRemoved[] = [];
  const wanted: string[] = [];
  for (const key of new Set(keys)) {
    try {
      checkKey(key);
      wanted.push(key);
    } catch (error) {
      if (!(error instanceof PgproofError)) throw error;
      left.push({ key, why: error });
    }
  }
  const way = { remove: removeBatch };
  for (let start = 0; start < wanted.length; start += batchKeys) {
    const batch = wanted.slice(start, start + batchKeys);
    try {
      left.push(...(await removeAll(place, batch, options, way)));
    } catch (error) {
      // What a whole call fails with, after all its attempts, the next would fail with too.
      options.signal?.throwIfAborted();
      const why = whyNot(error, place.url);
      return [...left, ...wanted.slice(start).map((key) => ({ key, why }))];
    }
  }
  return left;
}

/** Up to a thousand, again where S3 says of single ones that it is busy. @param way is changed where there are no batches */
async function removeAll(
  place: Place,
  batch: readonly string[],
  options: ReadOptions,
  way: { remove: typeof removeBatch },
): Promise<NotRemoved[]> {
  const left: NotRemoved[] = [];
  for (let round = 1, keys = batch; ; round += 1) {
    const { failed, unsaid } = await way.remove(place, keys, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      if (way.remove === removeSingles || !lacksBatches(error)) throw error;
      way.remove = removeSingles;
      return removeSingles(place, keys, options);
    });
    const rest = await removeSingles(place, unsaid, options);
    const again: string[] = [];
    for (const { key, error } of [...failed, ...rest.failed]) {
      if (round < rounds && s3Meanings[s3ErrorName(error)]?.retried === 'sdk') again.push(key);
      else left.push({ key, why: whyNot(error, `${place.url}/${key}`) });
    }
    if (again.length === 0) return left;
    await sleep(firstDelayMs * 2 ** (round - 1), undefined, { signal: options.signal });
    keys = again;
  }
}

function whyNot(error: unknown, where: string): PgproofError {
  const name = s3ErrorName(error);
  const ours = fromS3(error, where, 'delete');
  if (!(ours instanceof PgproofError)) throw ours;
  if (name !== 'AccessDenied') return ours;
  return new StoreUnusable(
    {
      what: `The store does not let it be deleted (${where})`,
      got: `${name}, ${messageOf(error)}`,
      fix: 'Allow s3:DeleteObject on it; where Object Lock or a legal hold keeps it, wait until that has ended.',
    },
    { cause: error, isOfObject: true },
  );
}
