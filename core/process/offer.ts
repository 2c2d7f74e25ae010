import type { Writable } from 'node:stream';

/**
 * Writes to a stream that may break at any time, and waits while it is full. Never rejects: the stream's owner
 * learns of its errors. `pipeline` would not do, as it ends the source with the target.
 */
export async function offer(target: Writable, chunk: Buffer): Promise<void> {
  if (!target.writable || target.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      for (const event of ['drain', 'error', 'close']) target.off(event, settle);
      resolve();
    };
    for (const event of ['drain', 'error', 'close']) target.on(event, settle);
  });
}
