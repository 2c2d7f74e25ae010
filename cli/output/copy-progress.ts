import type { CopyMissingRequest } from '../../core/copy/copy-missing.ts';
import type { CopyLine } from '../../core/copy/request.ts';
import type { LiveLine } from './columns.ts';
import { liveLines } from './edge.ts';
import { type Pace, paceFrom, shareText } from './pace.ts';

type Progress = Parameters<NonNullable<CopyMissingRequest['onProgress']>>[0];

/** One line on a terminal that says which backup goes over, and how far it is; nothing elsewhere. */
export async function copyProgress(stream: NodeJS.WriteStream): Promise<{
  readonly on: (progress: Progress) => void;
  readonly over: (line: CopyLine) => void;
  readonly stop: () => void;
}> {
  const { draw, ...live } = await liveLines(stream);
  let state: Progress | undefined;
  let pace = paceFrom(now());
  const render = (): void => {
    if (state !== undefined) draw?.([copyText(state, pace, now())]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  return {
    on: (progress) => {
      if (progress.id !== state?.id || progress.step !== state.step) pace = paceFrom(now());
      pace.note(progress.bytes, now());
      state = progress;
    },
    // One that failed is told at once: others may take hours.
    over: (line) => {
      if (line.kind === 'failed') live.say([`${line.id} was not copied: ${line.error}`]);
    },
    stop: () => {
      clearInterval(timer);
      live.stop();
    },
  };
}

function now(): number {
  return performance.now() / 1_000;
}

/** `Copying 3 of 17: shop/app/…  120 MB of 252 MB (47 %), 38 MB/s`. */
export function copyText({ step, id, number, of, totalBytes }: Progress, pace: Pace, at: number): LiveLine {
  const word = step === 'copying' ? 'Copying' : 'Reading back';
  const which = of === 1 ? '' : `${number} of ${of}: `;
  return [`${word} ${which}`, id, `  ${shareText(pace.bytes(), totalBytes)}${pace.rateText(at)}`];
}
