import { Readable } from 'node:stream';
import type { PrunableStore } from '../../../core/store/prunable.ts';

/** A store that takes everything, says that all is well, and has lost the last byte of objects that end in `name`. */
export function losingStore(store: PrunableStore, name: string): PrunableStore {
  const isLost = (key: string): boolean => key.endsWith(`/${name}`);
  return {
    ...store,
    stage: (key, content, options) => store.stage(key, isLost(key) ? withoutLast(content) : content, options),
    create: (key, content, options) =>
      store.create(key, isLost(key) ? content.subarray(0, -1) : content, options),
    replaceIf: (key, content, version) =>
      store.replaceIf(key, isLost(key) ? content.subarray(0, -1) : content, version),
  };
}

function withoutLast(content: Readable): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    let held: Buffer | undefined;
    for await (const piece of content as AsyncIterable<Buffer>) {
      if (held !== undefined) yield held;
      held = piece;
    }
    if (held !== undefined) yield held.subarray(0, -1);
  }
  return Readable.from(pieces(), { objectMode: false });
}
