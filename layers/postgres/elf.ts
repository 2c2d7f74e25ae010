import { readFile } from 'node:fs/promises';

/** What the dynamic loader wants to know of a program or a shared library. */
export type ElfFile = {
  /** Names of the libraries that it loads (DT_NEEDED). */
  readonly needed: readonly string[];
  /** The loader that it asks for (PT_INTERP), of programs only. */
  readonly interpreter: string | undefined;
};

const programHeader = { load: 1, dynamic: 2, interpreter: 3 } as const;
const dynamicTag = { end: 0n, needed: 1n, stringTable: 5n } as const;

type Segment = {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
};

/**
 * Reads a 64-bit little-endian ELF file: both architectures of Lambda. `ldd` would run the loader of this
 * machine, which cannot read another architecture. `undefined` for anything that is not such a file.
 *
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html
 */
export async function readElf(path: string): Promise<ElfFile | undefined> {
  return parseElf(await readFile(path));
}

/** The pure part of {@link readElf}: the bytes of a whole file in. */
export function parseElf(bytes: Buffer): ElfFile | undefined {
  const is64BitLittleEndian =
    bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!is64BitLittleEndian) return undefined;
  const segments = readSegments(bytes);
  const interpreter = segments.find(({ type }) => type === programHeader.interpreter);
  return {
    needed: readNeeded(bytes, segments),
    interpreter: interpreter && readString(bytes, interpreter.offset),
  };
}

function readSegments(bytes: Buffer): Segment[] {
  const start = Number(bytes.readBigUInt64LE(32));
  const entrySize = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function readNeeded(bytes: Buffer, segments: readonly Segment[]): string[] {
  const dynamic = segments.find(({ type }) => type === programHeader.dynamic);
  if (dynamic === undefined) return [];
  const nameOffsets: number[] = [];
  let stringTable = 0;
  for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.size; at += 16) {
    const tag = bytes.readBigUInt64LE(at);
    const value = Number(bytes.readBigUInt64LE(at + 8));
    if (tag === dynamicTag.end) break;
    if (tag === dynamicTag.needed) nameOffsets.push(value);
    if (tag === dynamicTag.stringTable) stringTable = fileOffset(segments, value);
  }
  return nameOffsets.map((offset) => readString(bytes, stringTable + offset));
}

/** DT_STRTAB is an address in memory; the segment that is loaded there tells where in the file it is. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (one) => one.type === programHeader.load && address >= one.address && address < one.address + one.size,
  );
  return segment === undefined ? 0 : segment.offset + address - segment.address;
}

function readString(bytes: Buffer, start: number): string {
  return bytes.toString('utf8', start, bytes.indexOf(0, start));
}
