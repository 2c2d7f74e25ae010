import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { fromS3 } from './s3-error.ts';
import type { Place } from './s3-place.ts';

type Request = { readonly protocol: string; readonly hostname: string; readonly port?: number };

/** Where a store in S3 lies, with the way to it, which holds credentials: nothing of it can be printed. */
export class S3Origin {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get place(): Place {
    return this.#place;
  }
}

/**
 * Which service a client talks to: two that answer the same can copy from one bucket into another. Amazon's regions are one
 * service within a partition. The SDK is asked for the address of a request that is not sent, because only it knows all the
 * places that an endpoint may be set in (settings, variables, profile).
 * @throws StoreUnusable where there are no credentials
 */
export async function serviceOf({ client, bucket, url }: Place): Promise<string> {
  const { protocol, hostname, port } = await addressOf(client, bucket).catch((error: unknown) => {
    throw fromS3(error, url, 'reach');
  });
  const host = hostname.startsWith(`${bucket}.`) ? hostname.slice(bucket.length + 1) : hostname;
  if (/\.amazonaws\.com(\.cn)?$/.test(host)) return partitionOf(await client.config.region());
  return `${protocol}//${host}:${port ?? ''}`;
}

async function addressOf(client: S3Client, bucket: string): Promise<Request> {
  let address: Request | undefined;
  const command = new HeadBucketCommand({ Bucket: bucket });
  command.middlewareStack.add(
    () => async (args) => {
      address = args.request as Request;
      return { output: { $metadata: {} }, response: undefined };
    },
    { step: 'build', priority: 'high', name: 'pgproofAddress' },
  );
  await client.send(command);
  if (address === undefined) throw new TypeError('The SDK made no request');
  return address;
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function partitionOf(region: string): string {
  const [, partition = 'aws'] = /^(cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/.exec(region) ?? [];
  return partition;
}
