import { formatBytes, formatCount } from '../../core/text/units.ts';
import type { VerifyProgress } from '../../core/verify/request.ts';
import { liveLines } from './edge.ts';

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
  let began = performance.now();
  const render = (): void => {
    if (state === undefined) return;
    const seconds = (performance.now() - began) / 1_000;
    draw?.([stepText(state, id, seconds)]);
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  return {
    start: (text) => {
      id = text;
      began = performance.now();
    },
    on: (progress) => {
      // The server starts while the archive is read, which takes longer.
      if (progress.step === 'starting' && state?.step === 'reading') return;
      state = progress;
    },
    say: (line) => live.say([line]),
    stop: () => {
      clearInterval(timer);
      live.stop();
    },
  };
}

/** `Reading shop/app/…  120 MB of 252 MB (47 %), 38 MB/s`. `seconds` since the beginning. */
export function stepText(progress: VerifyProgress, id: string, seconds: number): string {
  switch (progress.step) {
    case 'reading': {
      const { bytes, totalBytes } = progress;
      const share = totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
      const rate = seconds < 1 ? '' : `, ${formatBytes(Math.round(bytes / seconds))}/s`;
      return `Reading ${id}  ${formatBytes(bytes)} of ${formatBytes(totalBytes)} (${share} %)${rate}`;
    }
    case 'starting':
      return `Starting PostgreSQL ${progress.version} for ${id}`;
    case 'restoring': {
      const { doing, entries, totalEntries } = progress;
      const of = totalEntries === undefined ? '' : ` of ${formatCount(totalEntries)}`;
      return `Restoring ${formatCount(entries)}${of}  ${doing}`;
    }
    case 'comparing':
      return `Comparing ${id} with what was recorded`;
  }
}
