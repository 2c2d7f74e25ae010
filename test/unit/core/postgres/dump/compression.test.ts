import { describe, expect, it } from 'vitest';
import { formatCompression, parseCompression } from '../../../../../core/config/compression.ts';
import { UsageError } from '../../../../../core/errors.ts';
import { chooseCompression, compressionArgument } from '../../../../../core/postgres/dump/compression.ts';

const choose = (
  asked: string | undefined,
  format: 'custom' | 'plain' | 'tar',
  pgDumpMajor: number,
  hasZstd = pgDumpMajor >= 16,
): string =>
  formatCompression(
    chooseCompression({
      asked: asked === undefined ? undefined : parseCompression(asked),
      format,
      pgDumpMajor,
      hasZstd,
    }),
  );

describe('compression', () => {
  it('is zstd:1 where pg_dump has it, else gzip:1', () => {
    expect(choose(undefined, 'custom', 17)).toBe('zstd:1');
    expect(choose(undefined, 'custom', 15)).toBe('gzip:1');
    expect(choose(undefined, 'custom', 17, false)).toBe('gzip:1');
    expect(choose(undefined, 'tar', 17)).toBe('none');
  });

  it.each([
    ['zstd:3', 'tar', 17],
    ['zstd:1', 'custom', 15],
    ['lz4', 'custom', 15],
    ['lz4', 'plain', 17],
  ] as const)('refuses %s with %s of pg_dump %i', (asked, format, major) => {
    expect(() => choose(asked, format, major)).toThrow(UsageError);
  });

  it('is given to old programs as they know it', () => {
    expect(compressionArgument({ method: 'gzip', level: 1 }, 15)).toBe('--compress=1');
    expect(compressionArgument({ method: 'none' }, 15)).toBe('--compress=0');
    expect(compressionArgument({ method: 'zstd', level: 1 }, 17)).toBe('--compress=zstd:1');
  });
});
