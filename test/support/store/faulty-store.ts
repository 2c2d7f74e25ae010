import { Readable } from 'node:stream';
import type { Store } from '../../../core/store/store.ts';

/** A store whose objects that end in `name` break after some bytes, as a lost connection does. */
export function breakingStore(store: Store, name: string, afterBytes: number, error: Error): Store {
  return changedStore(store, name, (content) =>
    Readable.from(
      (async function* () {
        yield* first(content, afterBytes);
        throw error;
      })(),
      { objectMode: false },
    ),
  );
}

/** A store whose objects that end in `name` stop coming after some bytes; `onStall` is told when. */
export function stallingStore(store: Store, name: string, afterBytes: number, onStall: () => void): Store {
  return changedStore(store, name, (content) => {
    // No generator: one that waits for ever cannot be destroyed.
    const stalled = new Readable({ read: () => {} });
    void (async () => {
      for await (const chunk of first(content, afterBytes)) stalled.push(chunk);
      onStall();
    })();
    return stalled;
  });
}

/** A store that remembers which keys were read. */
export function watchedStore(store: Store): { readonly store: Store; readonly reads: string[] } {
  const reads: string[] = [];
  const read: Store['read'] = async (key, options) => {
    reads.push(key);
    return await store.read(key, options);
  };
  return { store: { ...store, read }, reads };
}

function changedStore(store: Store, name: string, change: (content: Readable) => Readable): Store {
  return {
    ...store,
    read: async (key, options) => {
      const content = await store.read(key, options);
      return key.endsWith(`/${name}`) ? change(content) : content;
    },
  };
}

async function* first(content: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}
