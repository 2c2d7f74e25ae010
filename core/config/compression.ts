import { UsageError } from '../errors.ts';
import { type CompressionMethod, compressionMethods } from '../vocabulary.ts';

/** How pg_dump compresses. `level` undefined: the method's own default. */
export type Compression = {
  readonly method: CompressionMethod;
  readonly level?: number | undefined;
};

/** First and last level of each method; `none` has none. */
const levelRange: Readonly<Record<CompressionMethod, readonly [number, number] | undefined>> = {
  none: undefined,
  gzip: [1, 9],
  lz4: [0, 12],
  zstd: [1, 22],
};

/** Reads METHOD[:LEVEL] as pg_dump ≥ 16 takes it. @throws UsageError */
export function parseCompression(text: string): Compression {
  const [, word, digits] = /^([a-z0-9]+)(?::(\d{1,2}))?$/.exec(text) ?? [];
  const method = compressionMethods.find((one) => one === word);
  const level = digits === undefined ? undefined : Number(digits);
  const range = method && levelRange[method];
  const fits = level === undefined || (range !== undefined && level >= range[0] && level <= range[1]);
  if (method === undefined || !fits) {
    throw new UsageError({
      what: 'The compression is not one that pg_dump knows',
      got: JSON.stringify(text),
      expected: 'zstd[:1-22], gzip[:1-9], lz4[:0-12] or none',
      fix: 'Leave it out to get the fastest good one.',
    });
  }
  return level === undefined ? { method } : { method, level };
}

/** As it stands in the manifest: `zstd:1`, `lz4`, `none`. */
export function formatCompression({ method, level }: Compression): string {
  return level === undefined ? method : `${method}:${level}`;
}
