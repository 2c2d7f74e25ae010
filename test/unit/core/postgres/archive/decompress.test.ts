import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decompressor, UnknownCompression } from '../../../../../core/postgres/archive/decompress.ts';

/** What `zstd -1 --no-check` makes of 500 rows of public.t. */
const frame = Buffer.from(
  'KLUv/QBI3QIAkkUUGlBN3ABecRtktJbUGRhiDY64iErcohgzUTz4iJm4vew1l/5aor6sSFvVD4nFQhzN7jwTMxFLoyPb3+YYMEDCY6nmI4zCcIEG3iUthpJ3xjGFAQARu/elDA==',
  'base64',
);

async function decompress(name: string, content: Buffer): Promise<string> {
  const transform = decompressor(name);
  if (transform === undefined) throw new Error('text already');
  const bytes = Array.from(content, (byte) => Buffer.from([byte]));
  return (await pipeline(Readable.from(bytes), transform, buffer)).toString();
}

test('SQL text is text already', () => {
  expect(decompressor('archive.sql')).toBeUndefined();
});

test('gzip and zstd become text, in whatever pieces they come', async () => {
  expect(await decompress('archive.sql.gz', gzipSync('select 1;\n'))).toBe('select 1;\n');
  expect(await decompress('archive.sql.zst', frame)).toMatch(/^COPY public\.t .*\n\\\.\n/s);
});

test.each([
  ['archive.sql.gz', gzipSync('select 1;\n')],
  ['archive.sql.zst', frame],
])('%s that is cut short is an error', async (name, content) => {
  await expect(decompress(name, content.subarray(0, -1))).rejects.toThrow();
});

test('any other name is an error', () => {
  expect(() => decompressor('archive.sql.lz4')).toThrow(UnknownCompression);
});
