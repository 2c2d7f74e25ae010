import { type Compression, formatCompression } from '../../config/compression.ts';
import { UsageError } from '../../errors.ts';
import type { Format } from '../../vocabulary.ts';

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
