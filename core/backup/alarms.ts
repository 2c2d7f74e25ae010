import type { Manifest, PreviousBackup } from '../manifest/manifest.ts';
import { archiveBytes, totalRows } from '../manifest/sizes.ts';
import { fallen } from '../retention/cliff.ts';
import type { Volume } from '../retention/shapes.ts';
import { formatBytes, plural } from '../text/units.ts';

/**
 * What somebody should look at, though the backup went well: it is not the backup that is wrong, but perhaps what was
 * backed up.
 */
export type Alarm =
  /** Another system identifier than in the backup before it. */
  | { readonly kind: 'another-cluster'; readonly is: string; readonly previous: PreviousBackup }
  /** Less than half of what was in the backup before it. */
  | {
      readonly kind: 'cliff';
      readonly by: readonly ('rows' | 'bytes')[];
      readonly now: Volume;
      readonly before: Volume;
      readonly previous: PreviousBackup;
      /** That one is another cluster's: retention looks at the two apart, and there is nothing to release. */
      readonly isOfAnother: boolean;
    };

/**
 * What its manifest and what it remembers of the backup before say. Told once each, as the next backup remembers this one.
 * Nothing is compared with what was left out on purpose.
 */
export function alarmsOf(manifest: Manifest): readonly Alarm[] {
  const { previous, server, partial } = manifest;
  if (previous === undefined) return [];
  const alarms: Alarm[] = [];
  const is = server.systemIdentifier;
  const was = previous.systemIdentifier;
  const isOfAnother = is !== undefined && was !== undefined && is !== was;
  if (isOfAnother) alarms.push({ kind: 'another-cluster', is, previous });
  const before = volumeOf({ ...previous, rows: previous.rows ?? undefined });
  const { format, compression } = manifest.dump;
  const now = volumeOf({ rows: totalRows(manifest), bytes: archiveBytes(manifest), format, compression });
  const by = fallen(before, now);
  if (partial !== true && by.length > 0)
    alarms.push({ kind: 'cliff', by, now, before, previous, isOfAnother });
  return alarms;
}

/** Bytes are compared only between archives of one format that were compressed alike. */
function volumeOf(known: {
  readonly rows: number | undefined;
  readonly bytes: number;
  readonly format: string;
  readonly compression: string;
}): Volume {
  return { rows: known.rows, bytes: known.bytes, form: `${known.format} ${known.compression}` };
}

/** Why the identifier that was known is not any more; undefined where nothing changed. */
export function clusterUnknown({ server, previous }: Manifest): string | undefined {
  if (server.systemIdentifier !== undefined || previous?.systemIdentifier === undefined) return undefined;
  return `the cluster's system identifier could not be read (${previous.id} has ${previous.systemIdentifier}), so nobody would notice another cluster under this name: the role needs EXECUTE on pg_control_system()`;
}

/** @returns what is to be told: a sentence, the same as short as can be, what to do, and that as a warning has it */
export function describeAlarm(
  alarm: Alarm,
  source: string,
): { readonly what: string; readonly headline: string; readonly fix: string; readonly hint: string } {
  const { previous } = alarm;
  switch (alarm.kind) {
    case 'another-cluster':
      return {
        what: `Under the name ${JSON.stringify(source)} there is another cluster than before: system identifier ${alarm.is}, and ${previous.systemIdentifier} in ${previous.id}`,
        headline: 'another cluster than in the backup before',
        fix: 'After pg_upgrade, a blue/green switch or a move to a new server it is as it should be, and told once, with the first database of the run. If two clusters are backed up under this one name, every backup that follows one of the other says this again: give one of them a name of its own (--name; of the functions, the name of the source).',
        hint: 'as it should be after pg_upgrade, a blue/green switch or a move; two clusters under one name need two (--name)',
      };
    case 'cliff': {
      const { isOfAnother } = alarm;
      const measures = alarm.by.map((by) => measureOf(alarm, by));
      const [first] = measures;
      return {
        what: `It holds less than half of the backup before it: ${measures.join('; ')} (${previous.id})`,
        headline: `less than half of the backup before: ${first}`,
        fix: isOfAnother
          ? `If nobody left that out on purpose, find out why; what was there is in ${previous.id}, which no backup of the new cluster pushes out.`
          : `If nobody removed that on purpose, find out who did; what was there is in ${previous.id}. It is kept, whatever the rules of retention say, until the new level has held for 14 days and it is released: pgproof release ${previous.id}`,
        hint: isOfAnother
          ? 'if nobody left that out on purpose, find out why'
          : `if nobody removed that on purpose, find out who did; ${previous.id} is kept until it is released (pgproof release)`,
      };
    }
  }
}

function measureOf(
  { now, before }: { readonly now: Volume; readonly before: Volume },
  by: 'rows' | 'bytes',
): string {
  return by === 'rows'
    ? `${plural(now.rows ?? 0, 'row')} instead of ${plural(before.rows ?? 0, 'row')}`
    : `an archive of ${formatBytes(now.bytes)} instead of ${formatBytes(before.bytes)}`;
}
