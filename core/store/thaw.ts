import type { ThawTier } from '../vocabulary.ts';
import type { FrozenPlace, ObjectState } from './frozen.ts';
import { stateInS3 } from './s3/s3-frozen.ts';
import { S3Origin } from './s3/s3-origin.ts';
import { thawInS3 } from './s3/s3-thaw.ts';
import type { ReadOptions, Store } from './store.ts';

/*
 * Apart from `Store`, because people alone ask for it: the functions do not wait for hours.
 */

/** Whether an object can be read. In a directory all can. @throws ObjectMissing, StoreUnusable */
export async function stateOf(store: Store, key: string, options?: ReadOptions): Promise<ObjectState> {
  const { origin } = store;
  return origin instanceof S3Origin ? await stateInS3(origin.place, key, options) : { kind: 'readable' };
}

/** Asks for an object to be thawed, and does not wait for it. @throws ObjectMissing, StoreUnusable */
export async function askToThaw(
  store: Store,
  key: string,
  asked: { readonly place: FrozenPlace; readonly tier: ThawTier; readonly days: number },
  options?: ReadOptions,
): Promise<void> {
  const { origin } = store;
  if (origin instanceof S3Origin) await thawInS3(origin.place, key, asked, options);
}
