import { expect, test } from 'vitest';
import { formatCompression, parseCompression } from '../../../../core/config/compression.ts';
import { UsageError } from '../../../../core/errors.ts';
import { compressionMethods } from '../../../../core/vocabulary.ts';

test.each([...compressionMethods, 'zstd:1', 'zstd:22', 'gzip:9', 'lz4:0', 'lz4:12'])(
  '%s is read, and written as it was',
  (text) => {
    expect(formatCompression(parseCompression(text))).toBe(text);
  },
);

test.each(['', 'zip', 'zstd:0', 'zstd:23', 'gzip:10', 'none:1', 'zstd:1:2', ' zstd', 'gzip:-1'])(
  '%j is refused',
  (text) => {
    expect(() => parseCompression(text)).toThrow(UsageError);
  },
);
