import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Decoding } from '../../../../../core/verify/read/decoding.ts';
import { startPlainReader } from '../../../../../core/verify/read/plain-reader.ts';

const rows = Array.from({ length: 20_000 }, (_, index) => `${index}\t${randomBytes(9).toString('base64')}\n`);
const sql = Buffer.from(
  `COPY public.t (id, text) FROM stdin;\n${rows.join('')}\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n`,
);

/** A zstd frame without compression (RFC 8878): single segment, raw blocks, no checksum, as pg_dump leaves it out. */
function zstdFrame(content: Buffer): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 5);
  const parts: Buffer[] = [header];
  const largest = 128 * 1024;
  for (let at = 0; at < content.length; at += largest) {
    const block = content.subarray(at, at + largest);
    const last = at + largest >= content.length ? 1 : 0;
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | last, 0, 3);
    parts.push(blockHeader, block);
  }
  return Buffer.concat(parts);
}

/** What `zstd -1 --no-check` makes of 500 rows of public.t. */
const smallFrame = Buffer.from(
  'KLUv/QBI3QIAkkUUGlBN3ABecRtktJbUGRhiDY64iErcohgzUTz4iJm4vew1l/5aor6sSFvVD4nFQhzN7jwTMxFLoyPb3+YYMEDCY6nmI4zCcIEG3iUthpJ3xjGFAQARu/elDA==',
  'base64',
);

async function read(name: string, content: Buffer, chunkBytes = 10_007): Promise<Decoding> {
  const reader = startPlainReader(name);
  for (let at = 0; at < content.length; at += chunkBytes)
    await reader.write(content.subarray(at, at + chunkBytes));
  return await reader.end();
}

const whole = { kind: 'decoded', counts: { rows: rows.length, complete: true } };

describe.each([
  ['archive.sql', (content: Buffer) => content],
  ['archive.sql.gz', (content: Buffer) => gzipSync(content)],
  ['archive.sql.zst', zstdFrame],
])('%s', (name, encode) => {
  test.each([1_000, 65_536, 10_000_000])('is read in pieces of %i bytes', async (chunkBytes) => {
    expect(await read(name, encode(sql), chunkBytes)).toMatchObject(whole);
  });

  test('cut short is broken, wherever it is cut', async () => {
    const bytes = encode(sql);
    for (const length of [0, 1, 3, 11, 1_000, bytes.length >> 1, bytes.length - 100, bytes.length - 50]) {
      expect(await read(name, bytes.subarray(0, length))).toMatchObject({ kind: 'broken' });
    }
  });

  test('abandoned in the middle holds nothing open', async () => {
    const reader = startPlainReader(name);
    await reader.write(encode(sql).subarray(0, 5_000));
    await reader.abandon();
  });
});

test.each([1, 2, 5])('zstd: the last %i bytes missing are noticed', async (missing) => {
  const bytes = zstdFrame(sql);
  const reading = await read('archive.sql.zst', bytes.subarray(0, -missing));
  expect(reading).toMatchObject({ kind: 'broken', detail: expect.stringContaining('decompressed') });
});

test('zstd: several frames, one after another, are one text', async () => {
  const half = sql.length >> 1;
  const frames = Buffer.concat([zstdFrame(sql.subarray(0, half)), zstdFrame(sql.subarray(half))]);
  expect(await read('archive.sql.zst', frames)).toMatchObject(whole);
});

test('zstd: what follows the frame is noticed', async () => {
  const bytes = Buffer.concat([zstdFrame(sql), Buffer.from('hello, world')]);
  expect(await read('archive.sql.zst', bytes)).toMatchObject({ kind: 'broken' });
});

test('zstd: compressed blocks are read', async () => {
  expect(await read('archive.sql.zst', smallFrame, 7)).toMatchObject({
    kind: 'decoded',
    counts: { rows: 500 },
  });
});

test('zstd: what was compressed a thousandfold does not pile up', async () => {
  // Run-length blocks: four bytes each stand for 128 KiB.
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
  const block = Buffer.alloc(4);
  block.writeUIntLE(((128 * 1024) << 3) | 2, 0, 3);
  block[3] = 0x0a;
  const reader = startPlainReader('archive.sql.zst');
  await reader.write(header);
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 40; turn += 1) await reader.write(Buffer.concat(Array(100).fill(block)));
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  await reader.abandon();
});
