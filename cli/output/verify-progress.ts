import { formatCount } from '../../core/text/units.ts';
import type { VerifyProgress } from '../../core/verify/request.ts';
import type { LiveLine } from './columns.ts';
import { liveLines } from './edge.ts';
import { type Pace, paceFrom, shareText } from './pace.ts';

/** One line on a terminal that says what is going on with the backup; nothing elsewhere. */
export async function verifyProgress(stream: NodeJS.WriteStream): Promise<{
  readonly start: (id: string) => void;
  readonly on: (progress: VerifyProgress) => void;
  readonly say: (line: string) => void;
  readonly stop: () => void;
}> {
  const { draw, ...live } = await liveLines(stream);
  let id = '';
  let state: VerifyProgress | undefined;
  let pace = paceFrom(now());
  const render = (): void => {
    if (state !== undefined) draw?.([stepText(state, id, pace, now())]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  return {
    start: (text) => {
      id = text;
      // What was said of the one before is not true of this one.
      state = undefined;
      pace = paceFrom(now());
    },
    on: (progress) => {
      // The server starts while the archive is read, which takes longer.
      if (progress.step === 'starting' && state?.step === 'reading') return;
      if (progress.step === 'reading') pace.note(progress.bytes, now());
      state = progress;
    },
    say: (line) => live.say([line]),
    stop: () => {
      clearInterval(timer);
      live.stop();
    },
  };
}

function now(): number {
  return performance.now() / 1_000;
}

/** `Reading shop/app/…  120 MB of 252 MB (47 %), 38 MB/s`. */
export function stepText(progress: VerifyProgress, id: string, pace: Pace, at: number): LiveLine {
  switch (progress.step) {
    case 'reading':
      return ['Reading ', id, `  ${shareText(pace.bytes(), progress.totalBytes)}${pace.rateText(at)}`];
    case 'starting':
      return [`Starting PostgreSQL ${progress.version} for `, id, ''];
    case 'restoring': {
      const { doing, entries, totalEntries } = progress;
      const of = totalEntries === undefined ? '' : ` of ${formatCount(totalEntries)}`;
      return [`Restoring ${formatCount(entries)}${of}  `, doing, ''];
    }
    case 'comparing':
      return ['Comparing ', id, ' with what was recorded'];
  }
}
