import { messageOf } from '../errors.ts';
import { archiveBytes, totalRows } from '../manifest/sizes.ts';
import type { OfRun, RunEvent } from '../notify/run-events.ts';
import { verifiedEvent } from '../notify/verified-event.ts';
import type { BackupProgress } from './progress.ts';
import type { BackupDone } from './report.ts';

/** What a backup tells while it goes on, for those who follow the run. */
export type RunEvents = {
  readonly on: (progress: BackupProgress) => void;
  /** The run came to no end of its own: a server that did not answer, say. */
  readonly broke: (error: unknown) => void;
  /** Once all of them have heard of all. */
  readonly end: () => Promise<void>;
};

/** @param store its URL */
export function runEvents(
  { run, source, schedule }: Omit<OfRun, 'at'>,
  store: string,
  emit: (event: RunEvent) => Promise<void>,
): RunEvents {
  // One after the other, as they happened: a backup does not wait for who follows it.
  let heard = Promise.resolve();
  const began = Date.now();
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
        send({ kind: 'backup-failed', database, error: result.error.message, seconds, ...of });
        return;
      }
      send({ ...doneEvent(result, store), ...of });
      const { id, verification } = result;
      if (verification === undefined) return;
      send(verifiedEvent(of, id, verification));
    },
    broke: (error) => {
      const at = new Date();
      const seconds = (at.getTime() - began) / 1_000;
      const problems = [messageOf(error)];
      send({ kind: 'run-finished', run, at, source, schedule, ok: false, seconds, problems });
    },
    end: () => heard,
  };
}

function doneEvent(
  { database, id, seconds, manifest }: BackupDone,
  store: string,
): Omit<Extract<RunEvent, { kind: 'backup-done' }>, keyof OfRun> {
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
