import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../../layers/postgres/elf.ts';

/** A minimal 64-bit ELF file: two program headers, a string table, a dynamic section. */
function elfFile(): Buffer {
  const file = Buffer.alloc(1024);
  file.write('\x7fELF', 0, 'latin1');
  file[4] = 2;
  file[5] = 1;
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(3, 56);
  // Loaded at address 0x1000, so that addresses and file offsets differ.
  header(file, 0, { type: 1, offset: 0, address: 0x1000, size: 1024 });
  header(file, 1, { type: 3, offset: 512, address: 0x1200, size: 16 });
  header(file, 2, { type: 2, offset: 600, address: 0x1258, size: 64 });
  file.write('/lib64/ld-linux-x86-64.so.2\0', 512);
  file.write('\0libpq.so.5\0libc.so.6\0', 700);
  const entries: [bigint, bigint][] = [
    [1n, 1n],
    [1n, 12n],
    [5n, BigInt(0x1000 + 700)],
    [0n, 0n],
  ];
  entries.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(tag, 600 + index * 16);
    file.writeBigUInt64LE(value, 608 + index * 16);
  });
  return file;
}

function header(
  file: Buffer,
  index: number,
  { type, offset, address, size }: { type: number; offset: number; address: number; size: number },
): void {
  const at = 64 + index * 56;
  file.writeUInt32LE(type, at);
  file.writeBigUInt64LE(BigInt(offset), at + 8);
  file.writeBigUInt64LE(BigInt(address), at + 16);
  file.writeBigUInt64LE(BigInt(size), at + 32);
}

describe('parseElf', () => {
  it('reads the libraries and the loader that a program asks for', () => {
    expect(parseElf(elfFile())).toEqual({
      needed: ['libpq.so.5', 'libc.so.6'],
      interpreter: '/lib64/ld-linux-x86-64.so.2',
    });
  });

  it('takes nothing else for a program', async () => {
    expect(parseElf(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
    expect(parseElf(Buffer.alloc(0))).toBeUndefined();
    expect(parseElf(await readFile(fileURLToPath(import.meta.url)))).toBeUndefined();
    const thirtyTwoBit = elfFile();
    thirtyTwoBit[4] = 1;
    expect(parseElf(thirtyTwoBit)).toBeUndefined();
  });
});
