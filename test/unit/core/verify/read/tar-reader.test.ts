import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TarFollower } from '../../../../../core/verify/read/tar-reader.ts';

let directory: string;
let archive: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  await writeFile(join(directory, 'toc.dat'), Buffer.alloc(700, 1));
  await writeFile(join(directory, '1.dat'), '');
  await writeFile(join(directory, '2.dat'), Buffer.alloc(1024, 2));
  archive = execFileSync('tar', ['--format=ustar', '-cf', '-', 'toc.dat', '1.dat', '2.dat'], {
    cwd: directory,
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function cut(bytes: Buffer, chunkBytes: number): string | undefined {
  const follower = new TarFollower();
  for (let at = 0; at < bytes.length; at += chunkBytes) follower.write(bytes.subarray(at, at + chunkBytes));
  return follower.cut;
}

test.each([1, 7, 512, 100_000])('knows where an archive may end, in pieces of %i bytes', (chunkBytes) => {
  const at = (length: number): string | undefined => cut(archive.subarray(0, length), chunkBytes);
  expect(cut(archive, chunkBytes)).toBeUndefined();
  expect(at(0)).toBeUndefined();
  expect(at(100)).toBe('a header');
  expect(at(512)).toBe('toc.dat');
  expect(at(512 + 700)).toBe('toc.dat');
  expect(at(512 + 1024)).toBeUndefined();
  expect(at(512 + 1024 + 512)).toBeUndefined();
  expect(at(512 + 1024 + 512 + 512)).toBe('2.dat');
  expect(at(512 + 1024 + 512 + 512 + 1023)).toBe('2.dat');
  expect(at(512 + 1024 + 512 + 512 + 1024)).toBeUndefined();
});

test('reads sizes beyond octal digits', () => {
  const header = Buffer.from(archive.subarray(0, 512));
  header.fill(0, 124, 136);
  header[124] = 0x80;
  header.writeBigUInt64BE(20n * 1024n ** 3n, 128);
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  expect(cut(Buffer.concat([header, Buffer.alloc(1_000_000)]), 65_536)).toBe('toc.dat');
});

test('a damaged header is left to pg_restore', () => {
  const damaged = Buffer.from(archive);
  damaged[130] = 0x39;
  expect(cut(damaged.subarray(0, 1000), 100)).toBeUndefined();
});
