import { isOfRows } from '../../core/postgres/pg-restore/phase-times.ts';
import type { RestoreProgress } from '../../core/restore/request.ts';
import { formatCount, plural } from '../../core/text/units.ts';
import type { LiveLine } from './columns.ts';
import { liveLines } from './edge.ts';
import { aboutText, type Pace, paceFrom, shareText } from './pace.ts';

/** One line on a terminal that says what is going on; elsewhere a line when something else begins. */
export async function restoreProgress(stream: NodeJS.WriteStream): Promise<{
  readonly start: (id: string, database: string) => void;
  readonly on: (event: RestoreProgress) => void;
  readonly say: (line: string) => void;
  readonly stop: () => void;
}> {
  const { draw, ...live } = await liveLines(stream);
  let state: RestoreProgress | undefined;
  let pace = paceFrom(now());
  const render = (): void => {
    if (state !== undefined) draw?.([restoreStep(state, pace, now())]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  const say = (line: string): void => live.say([line]);
  return {
    say,
    start: (id, database) => say(`Restoring ${id} into ${JSON.stringify(database)}`),
    on: (event) => {
      if (event.step !== state?.step) {
        pace = paceFrom(now());
        if (draw === undefined) say(stepNames[event.step]);
      }
      if (event.step !== 'counting') pace.note(event.bytes, now());
      state = event;
    },
    stop: () => {
      clearInterval(timer);
      state = undefined;
      live.stop();
    },
  };
}

const stepNames = {
  fetching: 'Fetching the archive and checking every byte of it',
  restoring: 'Restoring',
  counting: 'Counting the rows of every table',
} as const;

function now(): number {
  return performance.now() / 1_000;
}

/**
 * `Restoring  412 MB of about 1.1 GB, 38 MB/s  12 of 57  table data public.users`. Where no rows come bytes say nothing:
 * an index may take an hour in which the database grows at its end alone.
 */
export function restoreStep(event: RestoreProgress, pace: Pace, at: number): LiveLine {
  switch (event.step) {
    case 'fetching':
      return `Fetching  ${shareText(pace.bytes(), event.totalBytes)}${pace.rateText(at)}`;
    case 'restoring': {
      const { totalBytes, entries, totalEntries, doing } = event;
      const of = totalEntries === undefined ? '' : ` of ${formatCount(totalEntries)}`;
      const size = isOfRows.test(doing) ? `${aboutText(pace.bytes(), totalBytes)}${pace.rateText(at)}  ` : '';
      return [`Restoring  ${size}${formatCount(entries)}${of}  `, doing, ''];
    }
    case 'counting':
      return [`Counting rows  ${formatCount(event.tables)} of ${plural(event.totalTables, 'table')}`, '', ''];
  }
}
