import { type Readable, Writable } from 'node:stream';
import { pipelineUntil } from '../pipeline-until.ts';
import { StoreUnusable } from '../store.ts';
import { PartSender, type Upload, type UploadedParts } from './part-sender.ts';
import { capacityBytes, partBytes } from './part-sizes.ts';

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
  const sender = new PartSender(upload, signal);
  const fail = (error: unknown): void => sender.fail(error);
  content.once('error', fail);
  try {
    await pipelineUntil(content, partWriter(upload, sender), sender.stop);
  } catch (error) {
    fail(error);
  } finally {
    content.off('error', fail);
  }
  return await sender.finish();
}

/** Gathers what is written into parts, and hands each that is full to the sender. Ends when all have been sent. */
function partWriter(upload: Upload, sender: PartSender): Writable {
  const { sizes } = upload;
  let partNumber = 1;
  let buffer: Buffer | undefined;
  let filled = 0;
  async function gather(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; ) {
      if (buffer !== undefined && filled === buffer.length) {
        sender.send(partNumber, buffer, filled);
        buffer = undefined;
        partNumber += 1;
      }
      if (buffer === undefined) {
        if (partNumber > sizes.partLimit) throw outOfParts(upload);
        buffer = await sender.buffer(partBytes(sizes, partNumber));
        filled = 0;
        sender.stop.throwIfAborted();
      }
      const copied = chunk.copy(buffer, filled, offset);
      filled += copied;
      offset += copied;
    }
  }
  async function finish(): Promise<void> {
    // An upload needs one part; that of an empty object is empty.
    sender.send(partNumber, buffer ?? (await sender.buffer(0)), filled);
    await sender.finish();
  }
  return new Writable({
    highWaterMark: 1024 * 1024,
    write: (chunk: Buffer, _encoding, done) => void gather(chunk).then(() => done(), done),
    final: (done) => void finish().then(() => done(), done),
  });
}

function outOfParts({ sizes, url }: Upload): StoreUnusable {
  return new StoreUnusable({
    what: `The object outgrew the parts that the store allows for one upload (${url})`,
    got: `more than ${capacityBytes(sizes)} bytes in ${sizes.partLimit} parts`,
    expected: `at most ${sizes.partLimit} parts, the first of ${sizes.basePartBytes} bytes`,
    fix: 'Raise the part limit if the store allows it (S3: 10000), compress more, or use the directory format.',
  });
}
