import type { S3Client } from '@aws-sdk/client-s3';
import { s3Client } from '../../../core/store/s3/s3-client.ts';
import type { S3StoreSettings } from '../../../core/store/s3/s3-settings.ts';

/** The product's own client, pointed at a test server, without a look at the machine's credentials. */
export function testClient(endpoint: string, settings: Partial<S3StoreSettings> = {}): S3Client {
  return s3Client({
    bucket: '',
    prefix: '',
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...settings,
  });
}
