import { messageOf } from '../errors.ts';
import { documentLimits, ManifestUnreadable, Unreadable } from '../manifest/document.ts';
import {
  ObjectMissing,
  ObjectTooLarge,
  type ReadOptions,
  readSmall,
  type Store,
  StoreUnusable,
} from '../store/store.ts';

/**
 * A document's bytes, or why there are none; what the listing says is too large is not even asked for.
 *
 * @returns undefined where it went away meanwhile
 * @throws StoreUnusable where it is the store that cannot be read, and not this object
 */
export async function readBytes(
  store: Store,
  key: string,
  listedBytes: number,
  options: ReadOptions & { readonly mostBytes?: number | undefined },
): Promise<Buffer | Unreadable | undefined> {
  try {
    const { mostBytes = documentLimits.bytes } = options;
    if (listedBytes > mostBytes) throw new ObjectTooLarge(`${store.url}/${key}`, mostBytes);
    return await readSmall(store, key, options);
  } catch (error: unknown) {
    if (error instanceof ObjectMissing) return undefined;
    if (error instanceof ObjectTooLarge || (error instanceof StoreUnusable && error.isOfObject))
      return new Unreadable(messageOf(error));
    throw error;
  }
}

/** A document that is damaged is told as such. */
export function readOr<T>(parse: () => T): T | Unreadable {
  try {
    return parse();
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return new Unreadable(messageOf(error));
    throw error;
  }
}
