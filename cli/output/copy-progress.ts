import type { CopyMissingRequest } from '../../core/copy/copy-missing.ts';
import type { CopyLine } from '../../core/copy/request.ts';
import { formatBytes } from '../../core/text/units.ts';
import { liveLines } from './edge.ts';

type Progress = Parameters<NonNullable<CopyMissingRequest['onProgress']>>[0];

/** One line on a terminal that says which backup goes over, and how far it is; nothing elsewhere. */
export async function copyProgress(stream: NodeJS.WriteStream): Promise<{
  readonly on: (progress: Progress) => void;
  readonly over: (line: CopyLine) => void;
  readonly stop: () => void;
}> {
  const { draw, ...live } = await liveLines(stream);
  let state: Progress | undefined;
  let began = performance.now();
  const render = (): void => {
    if (state !== undefined) draw?.([copyText(state, (performance.now() - began) / 1_000)]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  return {
    on: (progress) => {
      if (progress.id !== state?.id || progress.step !== state.step) began = performance.now();
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

/** `Copying 3 of 17: shop/app/…  120 MB of 252 MB (47 %), 38 MB/s`. `seconds` since the step began. */
export function copyText({ step, id, number, of, bytes, totalBytes }: Progress, seconds: number): string {
  const word = step === 'copying' ? 'Copying' : 'Reading back';
  const which = of === 1 ? id : `${number} of ${of}: ${id}`;
  const share = totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
  const rate = seconds < 1 ? '' : `, ${formatBytes(Math.round(bytes / seconds))}/s`;
  return `${word} ${which}  ${formatBytes(bytes)} of ${formatBytes(totalBytes)} (${share} %)${rate}`;
}
