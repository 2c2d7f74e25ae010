import { UsageError } from '../../errors.ts';
import type { Format } from '../../manifest/manifest.ts';

/** How pg_dump compresses. `level` undefined: the method's own default. */
export type Compression = {
  readonly method: 'zstd' | 'gzip' | 'lz4' | 'none';
  readonly level?: number | undefined;
};

const levelRange = { zstd: [1, 22], gzip: [1, 9], lz4: [0, 12] } as const;

/** Reads METHOD[:LEVEL] as pg_dump ≥ 16 takes it. @throws UsageError */
export function parseCompression(text: string): Compression {
  const match = /^(zstd|gzip|lz4|none)(?::(\d{1,2}))?$/.exec(text);
  const method = match?.[1] as Compression['method'] | undefined;
  const level = match?.[2] === undefined ? undefined : Number(match[2]);
  const range = method === undefined || method === 'none' ? undefined : levelRange[method];
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

/**
 * The compression to use. Measured on mixed data (`npm run bench`): zstd at level 1 is smaller than gzip at 6 and
 * three times as fast; gzip at 1 is a tenth larger than at 6 and twice as fast, so where pg_dump has no zstd
 * (before 16, or built without it) that is the choice.
 * @throws UsageError where what was asked for cannot be had
 */
export function chooseCompression(request: {
  readonly asked: Compression | undefined;
  readonly format: Format;
  readonly pgDumpMajor: number;
  readonly hasZstd: boolean;
}): Compression {
  const { asked, format, pgDumpMajor, hasZstd } = request;
  if (format === 'tar') {
    if (asked === undefined || asked.method === 'none') return { method: 'none' };
    throw refused(
      asked,
      'the tar format',
      'Tar archives are not compressed: use --format custom, or leave --compress out.',
    );
  }
  if (asked === undefined) return hasZstd ? { method: 'zstd', level: 1 } : { method: 'gzip', level: 1 };
  if (format === 'plain' && asked.method === 'lz4') {
    throw refused(asked, 'the plain format', 'Use zstd, gzip or none there: every verifier can read these.');
  }
  const old = pgDumpMajor < 16 && (asked.method === 'zstd' || asked.method === 'lz4');
  if (old || (asked.method === 'zstd' && !hasZstd)) {
    throw refused(asked, `pg_dump ${pgDumpMajor} as it is built here`, 'Leave --compress out, or use gzip.');
  }
  return asked;
}

function refused(asked: Compression, by: string, fix: string): UsageError {
  return new UsageError({ what: `The compression ${formatCompression(asked)} does not go with ${by}`, fix });
}

/** pg_dump's argument; before 16 it took a gzip level only (0: none). */
export function compressionArgument(compression: Compression, pgDumpMajor: number): string {
  if (pgDumpMajor >= 16) return `--compress=${formatCompression(compression)}`;
  return `--compress=${compression.method === 'none' ? 0 : (compression.level ?? 6)}`;
}
