import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakOff, type Fault, Faults, throwIfRefused } from './faults.ts';
import { listen } from './listener.ts';
import { bucketOf, checkCredentials, operationOf, type S3Call, type S3ServerOptions } from './s3-call.ts';
import { deleteObject, getObject, headObject, listObjects, putObject } from './s3-objects.ts';
import { S3Storage, type ServedObject, type Upload } from './s3-storage.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from './s3-uploads.ts';
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
  createBucket(name: string, options?: { readonly region?: string }): void;
  /** Puts an object there, past the wire. */
  put(bucket: string, key: string, content: Uint8Array | string): Promise<void>;
  remove(bucket: string, key: string): void;
  object(bucket: string, key: string): ObjectRecord | undefined;
  /** Sorted. */
  keys(bucket: string): string[];
  /** Multipart uploads that were neither completed nor aborted. */
  uploads(): Upload[];
  /** Takes an upload away, as a lifecycle rule does. */
  forget(uploadId: string): void;
  /** How often each operation was called. */
  calls(operation: string): number;
  /** Flips one bit of a stored object. */
  corrupt(bucket: string, key: string, offset: number): Promise<void>;
  /** Asks before every call whether it may be made, as IAM would; undefined: nobody is asked any more. */
  judge(judge: Judge | undefined): void;
  misbehave(fault: Fault): void;
  behave(): void;
};

/** Whether a caller may do this. `key` of a listing is its prefix. */
export type Judge = (call: {
  readonly operation: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
}) => Promise<boolean>;

export type S3Server = S3Service & { readonly url: string; kill(): Promise<void> };

async function perform(call: S3Call): Promise<void> {
  switch (call.operation) {
    case 'PutObject':
      return await putObject(call);
    case 'GetObject':
      return await getObject(call);
    case 'HeadObject':
      return headObject(call);
    case 'DeleteObject':
      return await deleteObject(call);
    case 'ListObjectsV2':
      return listObjects(call);
    case 'CreateMultipartUpload':
      return createUpload(call);
    case 'UploadPart':
      return await uploadPart(call);
    case 'CompleteMultipartUpload':
      return await completeUpload(call);
    case 'AbortMultipartUpload':
      return await abortUpload(call);
    case 'ListParts':
      return listParts(call);
    case 'ListMultipartUploads':
      return listUploads(call);
    case 'HeadBucket':
      bucketOf(call);
      call.response.writeHead(200).end();
      return;
    case 'CreateBucket':
      call.storage.buckets.set(call.bucketName, {
        region: call.options.region ?? 'us-east-1',
        objects: new Map(),
      });
      call.response.writeHead(200, { location: `/${call.bucketName}` }).end();
      return;
    default:
      throw new WireError(501, 'NotImplemented', 'This server does not speak that operation');
  }
}

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

/** An S3 without a listener of its own; `directory` takes the objects' bytes. */
export function s3Service(directory: string, options: S3ServerOptions = {}): S3Service {
  const storage = new S3Storage(directory);
  const faults = new Faults();
  const counts = new Map<string, number>();
  let judge: Judge | undefined;
  const region = options.region ?? 'us-east-1';
  for (const name of options.buckets ?? []) storage.buckets.set(name, { region, objects: new Map() });
  const objectsOf = (bucket: string): Map<string, ServedObject> => {
    const found = storage.buckets.get(bucket);
    if (found === undefined) throw new Error(`The test server has no bucket ${bucket}`);
    return found.objects;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://s3');
      const [, bucketName = '', ...rest] = url.pathname.split('/');
      const key = decodeURIComponent(rest.join('/'));
      const operation = operationOf(request.method ?? '', key, url.searchParams);
      counts.set(operation, (counts.get(operation) ?? 0) + 1);
      const fault = faults.take(operation);
      checkCredentials(request, options.accessKeyId ?? 'test');
      throwIfRefused(fault);
      const asked = operation === 'ListObjectsV2' ? (url.searchParams.get('prefix') ?? '') : key;
      if (judge !== undefined && !(await judge({ operation, key: asked, headers: request.headers })))
        throw new WireError(403, 'AccessDenied', 'User is not authorized to perform this action');
      const call: S3Call = {
        operation,
        request,
        response,
        query: url.searchParams,
        bucketName: decodeURIComponent(bucketName),
        key,
        fault,
        storage,
        options,
      };
      const breaksBody = operation === 'UploadPart' || operation === 'PutObject' || operation === 'GetObject';
      if (!breaksBody && (fault?.action === 'reset' || fault?.action === 'stall'))
        await breakOff(fault, request);
      if (fault?.action === 'lostResponse') {
        // Nothing of the answer may leave: `end` is the moment at which the work is known to be done.
        response.end = () => {
          response.socket?.resetAndDestroy();
          return response;
        };
      }
      await perform(call);
    } catch (error) {
      answerError(error, request, response);
    }
  }

  return {
    handle,
    createBucket(name, { region: own = region } = {}) {
      storage.buckets.set(name, { region: own, objects: new Map() });
    },
    async put(bucket, key, content) {
      const segment = await storage.write(singleChunk(Buffer.from(content)));
      objectsOf(bucket).set(key, {
        segments: [segment],
        bytes: segment.bytes,
        etag: `"${key.length}-${segment.bytes}"`,
        modifiedAt: new Date(),
        serverSideEncryption: undefined,
        kmsKeyId: undefined,
        storageClass: 'STANDARD',
        checksumAlgorithm: undefined,
      });
    },
    remove(bucket, key) {
      objectsOf(bucket).delete(key);
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
