import type { RestoreProgress } from '../../core/restore/request.ts';
import { formatBytes, formatCount, plural } from '../../core/text/units.ts';
import { liveLines } from './edge.ts';

/** One line on a terminal that says what is going on; elsewhere a line when something else begins. */
export async function restoreProgress(stream: NodeJS.WriteStream): Promise<{
  readonly start: (id: string, database: string) => void;
  readonly on: (event: RestoreProgress) => void;
  readonly say: (line: string) => void;
  readonly stop: () => void;
}> {
  const { draw, ...live } = await liveLines(stream);
  let state: RestoreProgress | undefined;
  let began = performance.now();
  const render = (): void => {
    if (state === undefined) return;
    const seconds = (performance.now() - began) / 1_000;
    draw?.([restoreStep(state, seconds)]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  const say = (line: string): void => live.say([line]);
  return {
    say,
    start: (id, database) => say(`Restoring ${id} into ${JSON.stringify(database)}`),
    on: (event) => {
      if (event.step !== state?.step) {
        began = performance.now();
        if (draw === undefined) say(stepNames[event.step]);
      }
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

/** `Restoring  412 MB of about 1.1 GB, 38 MB/s  12 of 57  table data public.users`. `seconds` since this step began. */
export function restoreStep(event: RestoreProgress, seconds: number): string {
  switch (event.step) {
    case 'fetching': {
      const { bytes, totalBytes } = event;
      const share = totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
      return `Fetching  ${formatBytes(bytes)} of ${formatBytes(totalBytes)} (${share} %)${rate(bytes, seconds)}`;
    }
    case 'restoring': {
      const { bytes, totalBytes, entries, totalEntries, doing } = event;
      const of = totalEntries === undefined ? '' : ` of ${formatCount(totalEntries)}`;
      const size = `${formatBytes(bytes)} of about ${formatBytes(totalBytes)}${rate(bytes, seconds)}`;
      return `Restoring  ${size}  ${formatCount(entries)}${of}  ${doing}`;
    }
    case 'counting':
      return `Counting rows  ${formatCount(event.tables)} of ${plural(event.totalTables, 'table')}`;
  }
}

function rate(bytes: number, seconds: number): string {
  return seconds < 1 ? '' : `, ${formatBytes(Math.round(bytes / seconds))}/s`;
}
