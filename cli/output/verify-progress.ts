import { createLogUpdate } from 'log-update';
import { formatBytes } from '../../functions/shared/text/units.ts';
import type { VerifyProgress } from '../../functions/verify/verify.ts';
import { canRedraw, visible } from './style.ts';

/** One line on a terminal that says how many of the backup's bytes were read back; nothing elsewhere. */
export function verifyProgress(stream: NodeJS.WriteStream): {
  readonly start: (id: string) => void;
  readonly on: (progress: VerifyProgress) => void;
  readonly say: (text: string) => void;
  readonly stop: () => void;
} {
  const draw = canRedraw(stream) ? createLogUpdate(stream) : undefined;
  let id = '';
  let state: VerifyProgress | undefined;
  const render = (): void => {
    if (state === undefined) return;
    const share = state.totalBytes === 0 ? 100 : Math.floor((100 * state.bytes) / state.totalBytes);
    draw?.(
      `Reading ${visible(id)}  ${formatBytes(state.bytes)} of ${formatBytes(state.totalBytes)} (${share} %)`,
    );
  };
  const timer = draw === undefined ? undefined : setInterval(render, 100).unref();
  return {
    start: (text) => {
      id = text;
    },
    on: (progress) => {
      state = progress;
    },
    say: (text) => {
      draw?.clear();
      stream.write(`${text}\n`);
    },
    stop: () => {
      clearInterval(timer);
      draw?.clear();
      draw?.done();
    },
  };
}
