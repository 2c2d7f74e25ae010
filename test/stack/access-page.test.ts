import path from 'node:path';
import { expect, test } from 'vitest';
import { accessPage } from '../support/stack/access-page.ts';
import { configuration, kmsKeyArn, secretArn, templateOf } from '../support/stack/stack.ts';

test('docs/access.md is what the template says; npm run access-page brings it up to date', async () => {
  const template = templateOf(
    configuration(
      {
        restore: { enabled: true },
        prune: { keep: { daily: 7 } },
        backupLog: { secretArn: secretArn.replace('orders', 'monitoring'), secretKmsKeyArn: kmsKeyArn },
        copies: [{ name: 'offsite', url: 's3://acme-offsite', kmsKeyArn }],
        bucket: { kmsKeyArn, objectLock: { mode: 'governance', days: 30 } },
        network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] },
      },
      { secretKmsKeyArn: kmsKeyArn },
    ),
  );
  const page = path.join(import.meta.dirname, '../../docs/access.md');
  await expect(await accessPage(template)).toMatchFileSnapshot(page);
});
