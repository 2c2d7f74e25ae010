import * as z from 'zod';
import { anything, looseSourceKeys } from '../../core/config/source-contradictions.ts';

// The schema stops at the first layer that is wrong; these readers take whatever is there, so that
// contradictions are reported together with misspelt keys.
const source = z.object({
  ...looseSourceKeys,
  secretArn: anything,
  secretKmsKeyArn: anything,
  iam: anything,
});
const bucket = z.object({
  name: anything,
  existing: anything,
  prefix: anything,
  kms: anything,
  kmsKeyArn: anything,
  transition: z.object({ storageClass: anything, afterDays: anything }).optional().catch(undefined),
  abortIncompleteUploadsAfterDays: anything,
  keepDeletedVersionsDays: anything,
  objectLock: anything,
});
const ids = z.array(z.unknown()).optional().catch(undefined);
const subnets = {
  vpcId: anything,
  securityGroupIds: anything,
  endpoints: anything,
  routeTableIds: ids,
  endpointSecurityGroupIds: anything,
  s3PrefixListId: anything,
};
const network = z.object({ ...subnets, databaseSecurityGroupIds: anything, databaseCidrs: anything });
const layer = z.object({ majors: anything, arn: anything });
const verify = z.object({
  level: anything,
  without: z.array(z.unknown()).optional().catch(undefined),
  postgresMajor: anything,
  extensions: anything,
  locales: anything,
  layerArn: anything,
  network: z.object(subnets).optional().catch(undefined),
});
const restore = z.object({ enabled: anything, secretArns: anything, secretKmsKeyArn: anything });
const copy = z.object({
  name: z.string().optional().catch(undefined),
  url: anything,
  region: anything,
  endpoint: anything,
  kmsKeyArn: anything,
  credentialsSecretArn: anything,
  secretKmsKeyArn: anything,
  objectLock: z.object({ mode: anything, days: anything }).optional().catch(undefined),
  prune: z.object({ credentialsSecretArn: anything }).optional().catch(undefined),
});
/** A configuration as far as it can be read. */
export const looseConfig = z.object({
  sources: z.array(source.catch({ schedules: [] })).catch([]),
  bucket: bucket.catch({}).default({}),
  network: network.optional().catch(undefined),
  layer: layer.catch({}).default({}),
  verify: verify.catch({}).default({}),
  restore: restore.catch({}).default({}),
  copies: z.array(copy.catch({})).catch([]).default([]),
});
export type LooseConfig = z.infer<typeof looseConfig>;
export type LooseSubnets = NonNullable<LooseConfig['network'] | LooseConfig['verify']['network']>;
export type LooseCopy = LooseConfig['copies'][number];
export type LooseSource = LooseConfig['sources'][number];
