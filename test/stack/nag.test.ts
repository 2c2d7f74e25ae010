import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { configuration, kmsKeyArn, secretArn, serverLayerArn, stackFrom } from '../support/stack/stack.ts';

const network = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'db-ABC123' };

/** Every finding as `rule: where`. */
function findingsOf(stack: ReturnType<typeof stackFrom>): string[] {
  const { violations } = new AwsSolutionsChecks(stack).validateScope(stack.node.root);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName}: ${constructPath}`),
  );
}

test.each<[string, object]>([
  ['the smallest configuration', configuration()],
  [
    'a VPC with endpoints',
    configuration({ network: { ...network, endpoints: true, routeTableIds: ['rtb-0a1b2c3d'] } }),
  ],
  [
    'keys, a prefix, a transition',
    configuration({
      bucket: { kmsKeyArn, prefix: 'pg', transition: { storageClass: 'GLACIER', afterDays: 1 } },
    }),
  ],
  [
    'a key of its own, narrow ways out, a verify function in subnets of its own',
    configuration({
      bucket: { kms: true },
      network: { ...network, databaseCidrs: ['10.0.8.0/24'], s3PrefixListId: 'pl-6ea54007' },
      verify: {
        network: {
          subnetIds: ['subnet-1a1b2c3d'],
          endpoints: true,
          routeTableIds: ['rtb-1a1b2c3d'],
          s3PrefixListId: 'pl-6ea54007',
        },
        layerArn: serverLayerArn,
      },
    }),
  ],
  [
    'a bucket of the user and IAM',
    configuration({ bucket: { existing: 'acme-backups' } }, { secretArn: undefined, iam }),
  ],
  [
    'prune, Object Lock, a key',
    configuration({
      prune: { keep: { daily: 7 } },
      bucket: { kms: true, prefix: 'pg', objectLock: { mode: 'governance', days: 30 } },
    }),
  ],
  [
    'a log table in a VPC, of which everybody tells',
    configuration({
      network: { ...network, databaseCidrs: ['10.0.8.0/24'], s3PrefixListId: 'pl-6ea54007' },
      backupLog: { secretArn, secretKmsKeyArn: kmsKeyArn },
      prune: { keep: { daily: 7 } },
      copies: [{ name: 'offsite', url: 's3://acme-offsite/pg', prune: { keep: { daily: 7 } } }],
    }),
  ],
  [
    'copies, with a role and with secrets, pruned',
    configuration({
      bucket: { kms: true, prefix: 'pg' },
      copies: [
        {
          name: 'offsite',
          url: 's3://acme-offsite/pg',
          kmsKeyArn,
          objectLock: { mode: 'governance', days: 30 },
          prune: { keep: { daily: 7 } },
        },
        {
          name: 'cloud',
          url: 's3://acme-cloud',
          endpoint: 'https://storage.googleapis.com',
          credentialsSecretArn: secretArn,
          secretKmsKeyArn: kmsKeyArn,
          prune: { keep: { daily: 7 }, credentialsSecretArn: secretArn },
        },
      ],
    }),
  ],
  [
    'a restore function in a VPC, with keys and checks',
    configuration(
      { network, bucket: { kmsKeyArn }, restore: { enabled: true, secretArns: [secretArn] } },
      { secretArn: undefined, iam, checks: [{ sql: 'select true' }], fingerprint: true },
    ),
  ],
])('cdk-nag finds nothing in %s', (_, config) => {
  expect(findingsOf(stackFrom(config))).toEqual([]);
});

test('it would find what is not acknowledged', () => {
  const stack = stackFrom();
  new Bucket(stack, 'Careless');
  expect(findingsOf(stack)).toContain('AwsSolutions-S10: Pgproof/Careless/Resource');
});
