import type { Manifest } from '../../core/manifest/manifest.ts';
import { archiveBytes } from '../../core/manifest/sizes.ts';
import { type MeasuredRestore, type RestoreTimings, recoverySeconds } from '../../core/manifest/timings.ts';
import { formatBytes, formatDuration, plural } from '../../core/text/units.ts';

/** `Restored in 48 s on 2026-11-26: fetch 9.1 s, rows 20 s, indexes 19 s; 1.1 GB, 2 jobs`. */
export function measuredLine({ finishedAt, timings }: MeasuredRestore): string {
  const { restoredBytes, jobs, serverVersion, processors } = timings;
  const how = [
    ...(restoredBytes === undefined ? [] : [formatBytes(restoredBytes)]),
    ...(jobs === undefined ? [] : [plural(jobs, 'job')]),
    ...(processors === undefined ? [] : [plural(processors, 'processor')]),
    ...(serverVersion === undefined ? [] : [`PostgreSQL ${serverVersion}`]),
  ];
  const on = finishedAt.slice(0, 10);
  const told = how.length === 0 ? '' : `; ${how.join(', ')}`;
  return `Restored in ${formatDuration(recoverySeconds(timings))} on ${on}: ${partsText(timings)}${told}`;
}

/** What a person who waits wants to know before a restore begins. */
export function expectedLine(manifest: Manifest, measured: MeasuredRestore | undefined): string {
  const size = `${formatBytes(archiveBytes(manifest))} to fetch, about ${formatBytes(manifest.databaseBytes)} to restore`;
  if (measured === undefined)
    return `${size}; how long it takes is not known: no proof of it recorded its times`;
  const { finishedAt, timings } = measured;
  const { jobs, processors } = timings;
  const how = [
    ...(jobs === undefined ? [] : [plural(jobs, 'job')]),
    ...(processors === undefined ? [] : [plural(processors, 'processor')]),
  ];
  const machine = how.length === 0 ? '' : ` with ${how.join(' and ')}`;
  return `${size}; it took ${formatDuration(recoverySeconds(timings))}${machine} when it was last proven, on ${finishedAt.slice(0, 10)}: ${partsText(timings)}`;
}

function partsText({ fetchSeconds, restoreSeconds, rowsSeconds, indexSeconds }: RestoreTimings): string {
  const fetch = `fetch ${formatDuration(fetchSeconds)}`;
  if (rowsSeconds === undefined || indexSeconds === undefined)
    return `${fetch}, restore ${formatDuration(restoreSeconds)}`;
  const rest = Math.max(0, restoreSeconds - rowsSeconds - indexSeconds);
  return [
    fetch,
    ...(rest < leastTold ? [] : [`definitions ${formatDuration(rest)}`]),
    `rows ${formatDuration(rowsSeconds)}`,
    `indexes ${formatDuration(indexSeconds)}`,
  ].join(', ');
}

/** Roles, database and definitions take a moment always. */
const leastTold = 1;
