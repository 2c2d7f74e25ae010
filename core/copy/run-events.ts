import { parseId } from '../manifest/backup-id.ts';
import type { OfRun, RunEvent } from '../notify/run-events.ts';
import type { CopyReport } from './request.ts';

/** What those who follow a run are told of a copy: each backup that came over, or could not. */
export function copiedEvents(
  of: Omit<OfRun, 'source'>,
  { to, backups }: Pick<CopyReport, 'to' | 'backups'>,
): RunEvent[] {
  return backups.flatMap((line): RunEvent[] => {
    if (line.kind === 'there') return [];
    const { source, database } = parseId(line.id);
    const error = line.kind === 'failed' ? line.error : undefined;
    const seconds = line.kind === 'copied' ? line.seconds : 0;
    return [{ ...of, kind: 'copied', source, database, id: line.id, to, error, seconds }];
  });
}
