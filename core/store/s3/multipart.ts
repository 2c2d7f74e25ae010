import { setMaxListeners } from 'node:events';
import { type Readable, Writable } from 'node:stream';
import { type CompletedPart, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { pipelineUntil } from '../pipeline-until.ts';
import { StoreUnusable } from '../store.ts';
import { PartBuffers } from './part-buffers.ts';
import { capacityBytes, type PartSizes, partBytes } from './part-sizes.ts';
import { fromS3, s3ErrorName, s3Meanings } from './s3-error.ts';

/** An upload that CreateMultipartUpload has begun. */
export type Upload = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly sizes: PartSizes;
  /** For messages. */
  readonly url: string;
};

export type UploadedParts = { readonly parts: readonly CompletedPart[]; readonly bytes: number };

const sendsOfDamagedPart = 3;

/**
 * How parts are protected on the way. By default the SDK puts a CRC32 of the body (Node's native zlib.crc32,
 * some 7 GB/s) into a signed header, and S3 refuses the part if it does not fit. The SDK would also take a SHA-256 of
 * each part for the signature, three times as dear and of no more use: UNSIGNED-PAYLOAD leaves it out. Without
 * CRC32 (WHEN_REQUIRED) the signed SHA-256 stays, and is the protection.
 */
async function partCommand(upload: Upload, partNumber: number, body: Buffer): Promise<UploadPartCommand> {
  const command = new UploadPartCommand({
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumber: partNumber,
    Body: body,
    ContentLength: body.length,
  });
  if ((await upload.client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED') {
    command.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { readonly headers: Record<string, string> };
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
        return next(args);
      },
      { step: 'build', name: 'pgproofUnsignedPayload' },
    );
  }
  return command;
}

async function sendPart(
  upload: Upload,
  partNumber: number,
  body: Buffer,
  abortSignal: AbortSignal,
): Promise<CompletedPart> {
  for (let send = 1; ; send += 1) {
    try {
      const command = await partCommand(upload, partNumber, body);
      const { ETag, ChecksumCRC32 } = await upload.client.send(command, { abortSignal });
      return { PartNumber: partNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
    } catch (error) {
      const damaged = s3Meanings[s3ErrorName(error)]?.retried === 'here';
      if (!damaged || send === sendsOfDamagedPart) throw fromS3(error, upload.url);
    }
  }
}

function outOfParts({ sizes, url }: Upload): StoreUnusable {
  return new StoreUnusable({
    what: `The object outgrew the parts that the store allows for one upload (${url})`,
    got: `more than ${capacityBytes(sizes)} bytes in ${sizes.partLimit} parts`,
    expected: `at most ${sizes.partLimit} parts, the first of ${sizes.basePartBytes} bytes`,
    fix: 'Raise the part limit if the store allows it (S3: 10000), compress more, or use the directory format.',
  });
}

/**
 * Sends a stream as the parts of an upload, a few at once, while it is read on. Each byte is copied once. When it
 * rejects no part is on its way any more; with the source's own error if that was the first, with the signal's
 * reason if that was.
 */
export async function uploadParts(
  upload: Upload,
  content: Readable,
  signal?: AbortSignal,
): Promise<UploadedParts> {
  const { sizes } = upload;
  const buffers = new PartBuffers();
  const stopping = new AbortController();
  const stop = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  setMaxListeners(0, stop);
  const inFlight = new Set<Promise<void>>();
  const parts: CompletedPart[] = [];
  let bytes = 0;
  let first: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    first ??= { error: abortReasonOr(signal, error) };
    stopping.abort(error);
  };

  function dispatch(partNumber: number, buffer: Buffer, filled: number): void {
    bytes += filled;
    const sent = sendPart(upload, partNumber, buffer.subarray(0, filled), stop)
      .then((part) => {
        parts[partNumber - 1] = part;
      }, fail)
      .finally(() => {
        inFlight.delete(sent);
        // After a failure too: whoever waits for a buffer must wake up to see it.
        buffers.giveBack(buffer);
      });
    inFlight.add(sent);
  }

  let partNumber = 1;
  let buffer: Buffer | undefined;
  let filled = 0;
  async function gather(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      if (buffer !== undefined && filled === buffer.length) {
        dispatch(partNumber, buffer, filled);
        buffer = undefined;
        partNumber += 1;
      }
      if (buffer === undefined) {
        if (partNumber > sizes.partLimit) throw outOfParts(upload);
        buffer = await buffers.take(partBytes(sizes, partNumber));
        filled = 0;
        stop.throwIfAborted();
      }
      const copied = chunk.copy(buffer, filled, offset);
      filled += copied;
      offset += copied;
    }
  }
  async function finish(): Promise<void> {
    // An upload needs one part; that of an empty object is empty.
    dispatch(partNumber, buffer ?? (await buffers.take(0)), filled);
    await Promise.all(inFlight);
    if (first !== undefined) throw first.error;
  }
  const sink = new Writable({
    highWaterMark: 1024 * 1024,
    write: (chunk: Buffer, _encoding, done) => void gather(chunk).then(() => done(), done),
    final: (done) => void finish().then(() => done(), done),
  });

  content.once('error', fail);
  try {
    await pipelineUntil(content, sink, stop);
  } catch (error) {
    fail(error);
    await Promise.all(inFlight);
    throw first === undefined ? error : first.error;
  } finally {
    content.off('error', fail);
  }
  return { parts, bytes };
}
