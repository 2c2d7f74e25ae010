import type { BackupProgress } from '../../core/backup/progress.ts';
import type { BackupDone } from '../../core/backup/report.ts';
import { archiveBytes, totalRows } from '../../core/manifest/sizes.ts';
import type { NightTask } from '../../core/night/request.ts';
import type { RunEvent } from '../../core/notify/run-events.ts';
import { inKeys } from './in-keys.ts';

/** What a backup tells while it goes on, for those who follow the run. */
export type RunEvents = {
  readonly on: (progress: BackupProgress) => void;
  /** Once all of them have heard of all. */
  readonly end: () => Promise<void>;
};

export function runEvents(
  { run, source, schedule }: NightTask,
  store: string,
  emit: (event: RunEvent) => Promise<void>,
): RunEvents {
  // One after the other, as they happened: a backup does not wait for who follows it.
  let heard = Promise.resolve();
  const send = (event: RunEvent): void => {
    heard = heard.then(() => emit(event));
  };
  return {
    on: (progress) => {
      const of = { run, at: new Date(), source, schedule };
      if (progress.kind === 'started') send({ kind: 'backup-started', database: progress.database, ...of });
      if (progress.kind !== 'finished') return;
      const { result } = progress;
      const { database, seconds } = result;
      if (result.status === 'failed') {
        send({ kind: 'backup-failed', database, error: inKeys(result.error.message), seconds, ...of });
        return;
      }
      send({ ...doneEvent(result, store), ...of });
      const { id, verification } = result;
      if (verification === undefined) return;
      const { verdict, level } = verification;
      send({
        kind: 'verified',
        database,
        id,
        verdict,
        level,
        error: undefined,
        seconds: secondsOf(verification),
        ...of,
      });
    },
    end: () => heard,
  };
}

function secondsOf({
  startedAt,
  finishedAt,
}: {
  readonly startedAt: string;
  readonly finishedAt: string;
}): number {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
}

function doneEvent(
  { database, id, seconds, manifest }: BackupDone,
  store: string,
): Omit<Extract<RunEvent, { kind: 'backup-done' }>, 'run' | 'at' | 'source' | 'schedule'> {
  const archives = manifest.objects.filter(({ role }) => role === 'archive');
  // Of several objects it is their folder.
  const name = archives.length === 1 ? archives[0]?.name : 'archive';
  return {
    kind: 'backup-done',
    database,
    id,
    archive: `${store}/${id}/${name}`,
    startedAt: new Date(manifest.startedAt),
    bytes: archiveBytes(manifest),
    rows: totalRows(manifest),
    seconds,
  };
}
