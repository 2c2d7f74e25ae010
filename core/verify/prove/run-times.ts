import type { Manifest } from '../../manifest/manifest.ts';
import type { Toc } from '../../postgres/archive/toc.ts';

/** An archive's time has whole seconds, and pg_dump's machine may have set its clock meanwhile. */
const toleranceMilliseconds = 5_000;

/**
 * Whether an archive was begun while its backup was made; otherwise what is wrong with it. Backups of before catalogs
 * were recorded say their archive's time in a time zone that is not known.
 */
export function otherRun(
  { startedAt, finishedAt, catalog }: Pick<Manifest, 'startedAt' | 'finishedAt' | 'catalog'>,
  toc: Pick<Toc, 'createdAt'> | undefined,
): string | undefined {
  const createdAt = toc?.createdAt;
  if (createdAt === undefined || catalog === undefined) return undefined;
  const at = createdAt.getTime();
  const isWithin =
    at >= Date.parse(startedAt) - toleranceMilliseconds &&
    at <= Date.parse(finishedAt) + toleranceMilliseconds;
  if (isWithin) return undefined;
  return `the archive is of another run: made ${createdAt.toISOString()}, this backup ran from ${startedAt} to ${finishedAt}`;
}
