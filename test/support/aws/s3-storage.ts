import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket, ServedObject } from './s3-bucket.ts';

/** One file on disk: a part, or the body of a PutObject. */
export type Segment = { readonly path: string; readonly bytes: number };

export type PartRecord = {
  readonly segment: Segment;
  readonly etag: string;
  readonly checksum: string | undefined;
  readonly receivedAt: Date;
};

export type Upload = {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly attributes: Pick<
    ServedObject,
    'serverSideEncryption' | 'kmsKeyId' | 'storageClass' | 'tags' | 'checksumAlgorithm' | 'lock'
  >;
  readonly parts: Map<number, PartRecord>;
};

/** What the server keeps: names in memory, bytes on disk, so that a benchmark's gigabyte costs no memory. */
export class S3Storage {
  readonly buckets = new Map<string, Bucket>();
  readonly uploads = new Map<string, Upload>();
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes a body in. The file is removed again if the body fails. */
  async write(body: AsyncIterable<Buffer>): Promise<Segment> {
    const path = join(this.#directory, randomUUID());
    const handle = await open(path, 'wx');
    let bytes = 0;
    try {
      for await (const chunk of body) {
        await handle.write(chunk);
        bytes += chunk.length;
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return { path, bytes };
  }

  async *read(object: ServedObject, start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { path, bytes } of object.segments) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, bytes - 1);
      offset += bytes;
      if (from > to) continue;
      yield* createReadStream(path, {
        start: from,
        end: to,
        highWaterMark: 1 << 18,
      }) as AsyncIterable<Buffer>;
    }
  }

  async readAll(object: ServedObject): Promise<Buffer> {
    return await this.readSegments(object.segments);
  }

  async readSegments(segments: readonly Segment[]): Promise<Buffer> {
    return Buffer.concat(await Promise.all(segments.map(({ path }) => readFile(path))));
  }

  /** Flips one bit of a stored byte. */
  async corrupt(object: ServedObject, offset: number): Promise<void> {
    let start = 0;
    for (const { path, bytes } of object.segments) {
      if (offset < start + bytes) {
        const handle = await open(path, 'r+');
        const byte = Buffer.alloc(1);
        await handle.read(byte, 0, 1, offset - start);
        byte[0] = (byte[0] ?? 0) ^ 0x01;
        await handle.write(byte, 0, 1, offset - start);
        await handle.close();
        return;
      }
      start += bytes;
    }
    throw new RangeError(`The object has ${start} bytes, none at ${offset}`);
  }

  async remove(segments: Iterable<Segment>): Promise<void> {
    for (const { path } of segments) await rm(path, { force: true });
  }
}
