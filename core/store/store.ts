import type { Readable } from 'node:stream';
import { PgproofError, type Problem } from '../errors.ts';
import { documentLimits } from '../manifest/document.ts';
import type { ObjectLockMode } from '../vocabulary.ts';

/** One object as a listing tells it. `key` is relative to the store's prefix and uses `/`. */
export type StoredObject = {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Another one once something else lies under the key. Undefined where the store tells none. */
  readonly tag?: string | undefined;
  /** S3's storage class. Undefined where the store tells none. */
  readonly storageClass?: string | undefined;
};

/**
 * Bytes that are complete and durable in the store, but not yet visible under their key. Nothing that lists or
 * reads can see them before `commit`.
 */
export type StagedObject = {
  readonly key: string;
  readonly bytes: number;
  /** Makes the object appear, whole, unless the key is taken. @throws ObjectExists */
  commit(): Promise<void>;
  /** Takes the bytes away again. Never throws; safe to call after a failed or a finished commit (then does nothing). */
  abort(): Promise<void>;
};

/** Until when the store itself lets nobody delete what was written (S3's Object Lock). */
export type ObjectLock = { readonly mode: ObjectLockMode; readonly until: Date };

export type CreateOptions = {
  /** Of buckets with Object Lock only. */
  readonly lock?: ObjectLock | undefined;
};

export type StageOptions = CreateOptions & {
  /** What the object will probably measure, in bytes; decides the part size. Unknown: parts grow as it goes on. */
  readonly expectedBytes?: number | undefined;
  /** Stays where it is read at once, whatever becomes of archives: no storage class of theirs, and not their tag. */
  readonly isSmall?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * S3's cheaper classes count 128 KiB for whatever is less, and ask for it back: what is so small costs less where it is read
 * at once.
 */
export const smallBytes = 128 * 1024;

export type ReadOptions = { readonly signal?: AbortSignal | undefined };

export type ListOptions = ReadOptions & {
  /** Asked of each folder below the prefix, by its key with the slash: what lies in it is not listed, and costs little. */
  readonly skips?: ((folder: string) => boolean) | undefined;
  /** Told of what the listing saw of such a folder all the same: the first of it, or some of it. */
  readonly onSkipped?: ((object: StoredObject) => void) | undefined;
  /**
   * Told, in order, of what cannot be looked at by itself, and the listing goes on: a folder, its key with the slash, or a
   * file. @default the listing ends with the error
   */
  readonly onUnreadable?: ((key: string, why: StoreUnusable) => void) | undefined;
};

/** A small object, and what tells it from those that lay under its key before and after. */
export type VersionedObject = { readonly content: Buffer; readonly version: string };

/** Where backups live. Two implementations: an S3 bucket (and what speaks its API), a directory. */
export type Store = {
  /** For people and messages, without credentials: `s3://bucket/prefix` or `file:///directory`. */
  readonly url: string;
  /**
   * Which service a bucket is of, for buckets of two may have one name. Nothing is contacted. Directories are of none.
   * @throws StoreUnusable where there are no credentials
   */
  service?(): Promise<string>;
  /** Where the bytes lie, for another store of the same service to take them over by itself; of no use to anybody else. */
  readonly origin?: object | undefined;
  /**
   * Fails early, before a dump is started, where the store cannot take the run: no such bucket, no rights,
   * a directory that cannot be written, too little room for `expectedBytes`.
   * @param need.lock whether objects will be locked
   * @throws StoreUnusable, UsageError where this kind of store has no locks
   */
  prepare(need: {
    readonly expectedBytes: number;
    readonly lock?: boolean | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<void>;
  /** Takes the stream in. If the stream errors, or `signal` aborts, everything is taken away and the promise rejects. */
  stage(key: string, content: Readable, options?: StageOptions): Promise<StagedObject>;
  /**
   * The same with an object of another store, whose bytes do not come here; undefined where these two cannot do that
   * between themselves, and it has to be read and staged. What is staged equals the source if the store keeps its word: who
   * must know reads it back.
   * @param from.bytes what it measures
   * @throws ObjectMissing
   */
  stageFrom?(
    key: string,
    from: { readonly store: Store; readonly key: string; readonly bytes: number },
    options?: StageOptions,
  ): Promise<StagedObject | undefined>;
  /** Writes a small object whole unless the key is taken. @throws ObjectExists */
  create(key: string, content: Uint8Array, options?: CreateOptions): Promise<void>;
  /** Writes a small object whole, in the place of an older one. */
  replace(key: string, content: Uint8Array): Promise<void>;
  /**
   * Reads a small object with its version, for `replaceIf`; undefined where there is none. Of one that is larger than any
   * document may be the beginning, a byte more than that: it can be replaced, and no parser takes it.
   */
  readVersion(key: string, options?: ReadOptions): Promise<VersionedObject | undefined>;
  /**
   * Writes a small object whole if what lies under the key is still that version, or still nothing (undefined): of
   * several writers that read the same one, one gets through. An S3-like that does not know If-Match writes whatever
   * lies there. @throws ObjectChanged
   */
  replaceIf(key: string, content: Uint8Array, version: string | undefined): Promise<void>;
  /** Streams an object from its first byte. @throws ObjectMissing (from the call, not from the stream) */
  read(key: string, options?: ReadOptions): Promise<Readable>;
  /** Every object whose key begins with `prefix`, sorted by key, however many there are. */
  list(prefix: string, options?: ListOptions): AsyncIterable<StoredObject>;
  /**
   * The names of the folders right below `prefix` (which is '' or ends in a slash), sorted, without asking for what lies in
   * them. Nothing may be left in one by the time that it is looked at.
   * @throws StoreUnusable where `prefix` is '' and a store in a directory has none, and where it cannot be looked into
   */
  folders(prefix: string, options?: ReadOptions): AsyncIterable<string>;
};

/** The store cannot be used as it is: missing bucket, no rights, no room, unreachable. */
export class StoreUnusable extends PgproofError {
  override readonly name = 'StoreUnusable';
  /** Whether it may be this one object alone that cannot be read: its rights, its key, the disk below it. */
  readonly isOfObject: boolean;
  /** Whether there is no room left. */
  readonly isFull: boolean;

  constructor(
    problem: Problem,
    {
      isOfObject = false,
      isFull = false,
      ...options
    }: ErrorOptions & { readonly isOfObject?: boolean; readonly isFull?: boolean } = {},
  ) {
    super(problem, options);
    this.isOfObject = isOfObject;
    this.isFull = isFull;
  }
}

/** A key that must be new is taken. */
export class ObjectExists extends PgproofError {
  override readonly name = 'ObjectExists';
}

/** A key that must be there is not. */
export class ObjectMissing extends PgproofError {
  override readonly name = 'ObjectMissing';
}

/** Somebody else wrote a key after it was read. Nothing was overwritten. */
export class ObjectChanged extends PgproofError {
  override readonly name = 'ObjectChanged';

  /** @param where the object's URL */
  constructor(where: string, options?: ErrorOptions) {
    super(
      {
        what: `Another run wrote it meanwhile (${where})`,
        got: 'another version than the one that was read',
        fix: 'Nothing was overwritten. Run it again.',
      },
      options,
    );
  }
}

/** More than pgproof reads of a document. */
export class ObjectTooLarge extends PgproofError {
  override readonly name = 'ObjectTooLarge';

  /** @param where the object's URL */
  constructor(where: string, mostBytes: number = documentLimits.bytes) {
    super({
      what: `${where} is too large to be read`,
      got: `more than ${mostBytes} bytes`,
      fix: 'Look at what wrote it; pgproof did not.',
    });
  }
}

/** Reads a whole small object (manifest, verification) into memory. @throws ObjectMissing, ObjectTooLarge */
export async function readSmall(store: Store, key: string, options?: ReadOptions): Promise<Buffer> {
  return await collectSmall(await store.read(key, options), `${store.url}/${key}`);
}

/** All of a stream, or its beginning where it is larger than any document may be: a byte more than that. */
export async function collectBeginning(stream: Readable): Promise<Buffer> {
  const mostBytes = documentLimits.bytes + 1;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= mostBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes);
}

/** All of a stream that is known to be small. One that is not is given up at the limit. @throws ObjectTooLarge */
export async function collectSmall(stream: Readable, where: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > documentLimits.bytes) throw new ObjectTooLarge(where);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
