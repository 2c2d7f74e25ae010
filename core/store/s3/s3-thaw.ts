import { RestoreObjectCommand, type Tier } from '@aws-sdk/client-s3';
import type { ThawTier } from '../../vocabulary.ts';
import { type FrozenPlace, isTier } from '../frozen.ts';
import { checkKey } from '../key.ts';
import { type ReadOptions, StoreUnusable } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import type { Place } from './s3-place.ts';

const tiers: Readonly<Record<ThawTier, Tier>> = {
  standard: 'Standard',
  bulk: 'Bulk',
  expedited: 'Expedited',
};

/** What has been asked for already, or is thawed by now, is well. */
const fine = ['RestoreAlreadyInProgress', 'ObjectAlreadyInActiveTierError'];

/**
 * Asks S3 to thaw an object, and does not wait for it. What was asked for goes on by itself, whatever becomes of us.
 * @param asked.days for how long the thawed copy stays
 * @throws ObjectMissing, StoreUnusable
 */
export async function thawInS3(
  { client, bucket, folder, url }: Place,
  key: string,
  asked: { readonly place: FrozenPlace; readonly tier: ThawTier; readonly days: number },
  { signal }: ReadOptions = {},
): Promise<void> {
  checkKey(key);
  const command = new RestoreObjectCommand({
    Bucket: bucket,
    Key: folder + key,
    RestoreRequest: {
      ...(isTier(asked.place) ? {} : { Days: asked.days }),
      GlacierJobParameters: { Tier: tiers[asked.tier] },
    },
  });
  try {
    await client.send(command, { ...(signal && { abortSignal: signal }) });
  } catch (error) {
    const name = s3ErrorName(error);
    if (fine.includes(name)) return;
    const ours = fromS3(error, `${url}/${key}`, 'thaw');
    if (name !== 'AccessDenied' || !(ours instanceof StoreUnusable)) throw ours;
    throw new StoreUnusable(
      {
        what: `An object may not be thawed (${url}/${key})`,
        got: ours.problem.got,
        fix: 'Allow s3:RestoreObject on the objects of the backup, or let somebody who may ask for it.',
      },
      { cause: error, isOfObject: true },
    );
  }
}
