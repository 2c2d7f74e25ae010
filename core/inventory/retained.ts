import { formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { PreviousBackup } from '../manifest/manifest.ts';
import type { Summary } from '../manifest/summary.ts';
import type { RetainedBackup, Standing, Volume } from '../retention/shapes.ts';
import { briefOn, type ListEntry } from './entry.ts';

/** A backup of the store as retention decides on it. */
export function retainedOf(entry: ListEntry): RetainedBackup {
  const { id, summary, hold, release } = entry;
  const isReadable = !(summary instanceof Unreadable);
  return {
    id: formatId(id),
    startedAt: id.startedAt,
    standing: standingOf(entry),
    volume: isReadable ? volumeOf(summary) : undefined,
    previous: isReadable ? previousOf(summary) : undefined,
    isPartial: isReadable && summary.partial === true,
    hold: hold && holdOf(hold),
    releasedAt:
      release === undefined || release instanceof Unreadable ? undefined : new Date(release.releasedAt),
  };
}

function standingOf(entry: ListEntry): Standing {
  const { summary, verification } = entry;
  if (summary instanceof Unreadable || verification instanceof Unreadable) return 'bad';
  const brief = briefOn(entry);
  if (brief?.verdict === 'failed') return 'bad';
  if (brief?.good !== true) return 'unverified';
  return brief.verdict === 'proven' || brief.reached === 'restore' ? 'proven' : 'good';
}

function volumeOf({ rows, archive }: Summary): Volume {
  return { rows: rows ?? undefined, bytes: archive.bytes, form: formOf(archive) };
}

/** Of another cluster it says nothing about this one. */
function previousOf({ previous, server }: Summary): RetainedBackup['previous'] {
  if (previous === undefined) return undefined;
  const { id, systemIdentifier, rows, bytes } = previous;
  const isOfOther =
    systemIdentifier !== undefined &&
    server.systemIdentifier !== undefined &&
    systemIdentifier !== server.systemIdentifier;
  return isOfOther ? undefined : { id, rows: rows ?? undefined, bytes, form: formOf(previous) };
}

function formOf({ format, compression }: Pick<PreviousBackup, 'format' | 'compression'>): string {
  return `${format}, ${compression}`;
}

/** What cannot be read may have been meant for ever. */
function holdOf(hold: NonNullable<ListEntry['hold']>): NonNullable<RetainedBackup['hold']> {
  if (hold instanceof Unreadable) return { reason: hold.unreadable, until: undefined };
  return { reason: hold.reason, until: hold.until === undefined ? undefined : new Date(hold.until) };
}
