import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakOff, type Fault, Faults, throwIfRefused } from './faults.ts';
import { listen } from './listener.ts';
import { Bucket, type BucketOptions, type Lock, type ServedObject } from './s3-bucket.ts';
import { checkCredentials, operationOf, type S3Call, type S3ServerOptions } from './s3-call.ts';
import { newEtag } from './s3-objects.ts';
import { perform } from './s3-perform.ts';
import { S3Storage, type Upload } from './s3-storage.ts';
import { element, sendXml, WireError } from './wire.ts';

export type { Fault, FaultAction } from './faults.ts';
export type { S3ServerOptions } from './s3-call.ts';

/** A stored object, for assertions. */
export type ObjectRecord = Omit<ServedObject, 'segments'> & {
  /** The size of each part, in order. */
  readonly partBytes: readonly number[];
  content(): Promise<Buffer>;
};

/** The S3 half: what tests ask of it, and its request handler. */
export type S3Service = {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  createBucket(name: string, options?: BucketOptions): void;
  /** What the server takes for now, from now on; undefined: the machine's clock again. */
  setClock(now: (() => Date) | undefined): void;
  /** Puts an object there, past the wire. */
  put(bucket: string, key: string, content: Uint8Array | string): Promise<void>;
  /** The same bytes under another key, without another copy of them. */
  link(bucket: string, from: string, key: string): void;
  remove(bucket: string, key: string): void;
  object(bucket: string, key: string): ObjectRecord | undefined;
  /** Sorted. */
  keys(bucket: string): string[];
  /** Takes every version of a key away, as a lifecycle rule does in the end. */
  purge(bucket: string, key: string): void;
  /** Every version of a key, the newest first; of a delete marker, there is no object. */
  history(bucket: string, key: string): VersionRecord[];
  /** Refuses single keys of a delete, with an error code of S3's; undefined: none any more. */
  refuseDelete(refuses: ((key: string) => string | undefined) | undefined): void;
  /** Multipart uploads that were neither completed nor aborted. */
  uploads(): Upload[];
  /** Takes an upload away, as a lifecycle rule does. */
  forget(uploadId: string): void;
  /** How often each operation was called. */
  calls(operation: string): number;
  /** How many calls there were of all operations. */
  allCalls(): number;
  /** Moves an object into another class, as a lifecycle rule does; `archiveStatus` of one in INTELLIGENT_TIERING. */
  freeze(bucket: string, key: string, storageClass: string, archiveStatus?: string): void;
  /** Flips one bit of a stored object. */
  corrupt(bucket: string, key: string, offset: number): Promise<void>;
  /** Asks before every call whether it may be made, as IAM would; undefined: nobody is asked any more. */
  judge(judge: Judge | undefined): void;
  misbehave(fault: Fault): void;
  behave(): void;
};

export type VersionRecord = {
  readonly versionId: string;
  readonly modifiedAt: Date;
  readonly isMarker: boolean;
  readonly lock: Lock | undefined;
  readonly legalHold: boolean;
};

/** Whether a caller may do this. `key` of a listing is its prefix. */
export type Judge = (call: {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
}) => Promise<boolean>;

export type S3Server = S3Service & { readonly url: string; kill(): Promise<void> };

function answerError(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  // Node takes the socket away from a request whose connection is gone.
  const socket: Socket | null = request.socket;
  if (
    response.headersSent ||
    !socket ||
    socket.destroyed ||
    (error instanceof WireError && error.status === 0)
  ) {
    socket?.destroy();
    return;
  }
  const { status, code, message, headers, details } =
    error instanceof WireError ? error : new WireError(500, 'InternalError', String(error));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The rest of the body has to be read, or the connection cannot be used again.
  request.resume();
  const extra = Object.entries(details).map(([name, value]) => element(name, value));
  sendXml(
    response,
    status,
    `<Error>${element('Code', code)}${element('Message', message)}${extra.join('')}</Error>`,
  );
}

/** What S3 may answer of work that takes long: it says 200 before it knows. */
function answerErrorInside(response: ServerResponse): void {
  const message = element('Message', 'We encountered an internal error. Please try again.');
  sendXml(response, 200, `<Error>${element('Code', 'InternalError')}${message}</Error>`);
}

/** An S3 without a listener of its own; `directory` takes the objects' bytes. */
export function s3Service(directory: string, options: S3ServerOptions = {}): S3Service {
  const storage = new S3Storage(directory);
  const faults = new Faults();
  const counts = new Map<string, number>();
  let judge: Judge | undefined;
  let clock: (() => Date) | undefined;
  const now = (): Date => clock?.() ?? new Date();
  let refuses: ((key: string) => string | undefined) | undefined;
  const region = options.region ?? 'us-east-1';
  for (const name of options.buckets ?? []) storage.buckets.set(name, new Bucket({ region }));
  const bucketNamed = (name: string): Bucket => {
    const found = storage.buckets.get(name);
    if (found === undefined) throw new Error(`The test server has no bucket ${name}`);
    return found;
  };
  const objectsOf = (name: string): Map<string, ServedObject> => bucketNamed(name).objects;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://s3');
      const [, bucketName = '', ...rest] = url.pathname.split('/');
      const key = decodeURIComponent(rest.join('/'));
      const operation = operationOf(
        request.method ?? '',
        key,
        url.searchParams,
        request.headers['x-amz-copy-source'] !== undefined,
      );
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
      const fault = faults.take(operation);
      checkCredentials(request, options.accessKeyId ?? 'test');
      throwIfRefused(fault);
      const asked = key === '' ? (url.searchParams.get('prefix') ?? '') : key;
      const bucket = decodeURIComponent(bucketName);
      const may = async (what: string, of: string, within = bucket): Promise<boolean> =>
        judge === undefined ||
        (await judge({ operation: what, bucket: within, key: of, headers: request.headers }));
      // IAM is asked about each key of it.
      if (operation !== 'DeleteObjects' && !(await may(operation, asked)))
        throw new WireError(403, 'AccessDenied', 'User is not authorized to perform this action');
      if (request.headers['x-amz-tagging'] !== undefined) {
        if (options.knowsTags === false)
          throw new WireError(501, 'NotImplemented', 'Header x-amz-tagging is not implemented');
        // IAM is asked about this right beside the other.
        if (!(await may('PutObjectTagging', asked)))
          throw new WireError(403, 'AccessDenied', 'User is not authorized to perform this action');
      }
      const call: S3Call = {
        operation,
        request,
        response,
        query: url.searchParams,
        bucketName: bucket,
        key,
        fault,
        storage,
        options,
        now,
        refuses: (one) => refuses?.(one),
        mayDelete: (one) => may('DeleteObject', one),
        mayRead: (within, one) => may('GetObject', one, within),
      };
      const breaksBody = ['UploadPart', 'PutObject', 'GetObject', 'DeleteObjects'].includes(operation);
      if (!breaksBody && (fault?.action === 'reset' || fault?.action === 'stall'))
        await breakOff(fault, request);
      if (fault?.action === 'lostResponse') {
        // Nothing of the answer may leave: `end` is the moment at which the work is known to be done.
        response.end = () => {
          response.socket?.resetAndDestroy();
          return response;
        };
      }
      if (fault?.action === 'errorInside') answerErrorInside(response);
      else await perform(call);
    } catch (error) {
      answerError(error, request, response);
    }
  }

  return {
    handle,
    createBucket(name, own = {}) {
      storage.buckets.set(name, new Bucket({ region, ...own }));
    },
    setClock(next) {
      clock = next;
    },
    purge(bucket, key) {
      bucketNamed(bucket).versions.delete(key);
      bucketNamed(bucket).objects.delete(key);
    },
    history: (bucket, key) =>
      (bucketNamed(bucket).versions.get(key) ?? []).map(({ object, ...rest }) => ({
        ...rest,
        isMarker: object === undefined,
      })),
    refuseDelete(next) {
      refuses = next;
    },
    async put(bucket, key, content) {
      const segment = await storage.write(singleChunk(Buffer.from(content)));
      bucketNamed(bucket).put(key, {
        segments: [segment],
        bytes: segment.bytes,
        etag: newEtag(),
        modifiedAt: now(),
        serverSideEncryption: undefined,
        kmsKeyId: undefined,
        storageClass: 'STANDARD',
        checksumAlgorithm: undefined,
      });
    },
    link(bucket, from, key) {
      const object = objectsOf(bucket).get(from);
      if (object !== undefined) bucketNamed(bucket).put(key, object);
    },
    remove(bucket, key) {
      bucketNamed(bucket).delete(key, now());
    },
    object(bucket, key) {
      const object = objectsOf(bucket).get(key);
      if (object === undefined) return undefined;
      const { segments, ...rest } = object;
      return {
        ...rest,
        partBytes: segments.map(({ bytes }) => bytes),
        content: () => storage.readAll(object),
      };
    },
    keys: (bucket) => [...objectsOf(bucket).keys()].sort(),
    uploads: () => [...storage.uploads.values()],
    forget: (uploadId) => void storage.uploads.delete(uploadId),
    calls: (operation) => counts.get(operation) ?? 0,
    allCalls: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    freeze(bucket, key, storageClass, archiveStatus) {
      const object = objectsOf(bucket).get(key);
      if (object === undefined) throw new Error(`The test server has no object ${key}`);
      Object.assign(object, { storageClass, archiveStatus, thaw: undefined });
    },
    async corrupt(bucket, key, offset) {
      const object = objectsOf(bucket).get(key);
      if (object === undefined) throw new Error(`The test server has no object ${key}`);
      await storage.corrupt(object, offset);
    },
    judge(next) {
      judge = next;
    },
    misbehave: (fault) => faults.add(fault),
    behave: () => faults.clear(),
  };
}

async function* singleChunk(content: Buffer): AsyncGenerator<Buffer> {
  if (content.length > 0) yield content;
}

/** Runs `use` with an S3 server on a free port, which ends with it. */
export async function withS3Server<T>(
  options: S3ServerOptions,
  use: (server: S3Server) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-s3-'));
  const service = s3Service(directory, options);
  const { url, kill } = await listen((request, response) => void service.handle(request, response));
  try {
    return await use({ ...service, url, kill });
  } finally {
    await kill();
    await rm(directory, { recursive: true, force: true });
  }
}
