import type { Architecture, LayerKind } from './build-root.ts';

/** Lambda's limit for a function's code and all its layers together, unpacked. */
export const lambdaLimitBytes = 262_144_000;

export type LayerSize = {
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly majors: readonly number[];
  readonly bytes: number;
  readonly extensions: readonly string[];
};

/** `client x86_64: 15, 17, 18, 54 MB unpacked`, and a warning where Lambda would refuse it. */
export function describeSize({ arch, kind, majors, bytes, extensions }: LayerSize): string[] {
  const megabytes = Math.ceil(bytes / 1_000_000);
  const withExtensions = extensions.length === 0 ? '' : ` with ${extensions.join(', ')}`;
  const line = `${kind} ${arch}: ${majors.join(', ')}${withExtensions}, ${megabytes} MB unpacked`;
  if (bytes <= lambdaLimitBytes) return [line];
  const advice =
    extensions.length > 0
      ? leaveOutAdvice(extensions)
      : majors.length > 1
        ? 'leave out a major version'
        : 'leave out locales';
  const limit = Math.floor(lambdaLimitBytes / 1_000_000);
  return [
    line,
    `Warning: Lambda takes ${limit} MB of code and layers together, this is ${megabytes} MB: ${advice}.`,
  ];
}

/** GDAL, which PostGIS needs for rasters only, is the largest part of it. */
function leaveOutAdvice(extensions: readonly string[]): string {
  const hasRaster = extensions.includes('postgis') && !extensions.includes('-postgis_raster');
  if (hasRaster) return 'without rasters PostGIS takes 100 MB less, add -postgis_raster to --extension';
  const added = extensions.filter((name) => !name.startsWith('-'));
  return `leave out one of ${added.join(', ')}, or a locale`;
}
