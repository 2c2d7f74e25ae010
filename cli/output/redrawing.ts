import type { createLogUpdate } from 'log-update';
import { canRedraw } from './style.ts';

/** Lines that are drawn over and over at the end of a terminal; `undefined` where the stream is none. */
export async function redrawing(
  stream: NodeJS.WriteStream,
): Promise<ReturnType<typeof createLogUpdate> | undefined> {
  if (!canRedraw(stream)) return undefined;
  // Loaded where it is needed: it takes as long as all else that a command without a terminal loads.
  const { createLogUpdate: create } = await import('log-update');
  return create(stream);
}
