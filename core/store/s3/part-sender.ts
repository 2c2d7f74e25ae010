import { setMaxListeners } from 'node:events';
import { type CompletedPart, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { digestForLock } from './lock-input.ts';
import { PartBuffers } from './part-buffers.ts';
import type { PartSizes } from './part-sizes.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { s3Meanings } from './s3-meanings.ts';

/** An upload that CreateMultipartUpload has begun. */
export type Upload = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly sizes: PartSizes;
  /** For messages. */
  readonly url: string;
  /** Whether the object will be locked: each part has to come with a digest then. */
  readonly isLocked: boolean;
};

export type UploadedParts = { readonly parts: readonly CompletedPart[]; readonly bytes: number };

/** Sends parts, a few at once, and remembers the first failure, with which all sending stops. */
export class PartSender {
  readonly #upload: Upload;
  readonly #signal: AbortSignal | undefined;
  readonly #stopping = new AbortController();
  readonly #buffers = new PartBuffers();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #parts: CompletedPart[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Aborts with the first failure, and with the caller's signal. */
  readonly stop: AbortSignal;

  constructor(upload: Upload, signal: AbortSignal | undefined) {
    this.#upload = upload;
    this.#signal = signal;
    const own = this.#stopping.signal;
    this.stop = signal === undefined ? own : AbortSignal.any([signal, own]);
    // Every part in flight listens to it.
    setMaxListeners(0, this.stop);
  }

  /** A buffer to fill, as soon as there is one. {@link send} takes it back. */
  async buffer(bytes: number): Promise<Buffer> {
    return await this.#buffers.take(bytes);
  }

  /** Begins to send the first `filled` bytes of a buffer as a part. */
  send(partNumber: number, buffer: Buffer, filled: number): void {
    this.#bytes += filled;
    const sent = sendPart(this.#upload, partNumber, buffer.subarray(0, filled), this.stop)
      .then(
        (part) => {
          this.#parts[partNumber - 1] = part;
        },
        (error: unknown) => this.fail(error),
      )
      .finally(() => {
        this.#inFlight.delete(sent);
        // After a failure too: a writer that waits for a buffer must wake up to see it.
        this.#buffers.giveBack(buffer);
      });
    this.#inFlight.add(sent);
  }

  /** Stops all sending, for this reason if it is the first. */
  fail(error: unknown): void {
    this.#failure ??= { error: abortReasonOr(this.#signal, error) };
    this.#stopping.abort(error);
  }

  /** Resolves once no part is on its way any more; rejects with the first failure. */
  async finish(): Promise<UploadedParts> {
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure.error;
    return { parts: this.#parts, bytes: this.#bytes };
  }
}

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
    ...(upload.isLocked ? await digestForLock(upload.client, body) : {}),
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
      if (!damaged || send === sendsOfDamagedPart) throw fromS3(error, upload.url, 'write');
    }
  }
}
