import { describe, expect, it } from 'vitest';
import { serviceOf } from '../../../../../core/store/s3/s3-origin.ts';
import { s3Place } from '../../../../../core/store/s3/s3-place.ts';
import type { S3StoreSettings } from '../../../../../core/store/s3/s3-settings.ts';

async function service(settings: Partial<S3StoreSettings>): Promise<string> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const all = { bucket: 'backups', prefix: '', region: 'eu-west-1', credentials, ...settings };
  return await serviceOf(s3Place(all));
}

describe('the service behind a client', () => {
  it('is one in all regions and for all buckets of Amazon', async () => {
    const here = await service({});
    expect(await service({ region: 'us-east-1' })).toBe(here);
    expect(await service({ bucket: 'with.dots' })).toBe(here);
    expect(await service({ endpoint: 'https://s3.eu-west-1.amazonaws.com' })).toBe(here);
  });

  it('is another in each partition', async () => {
    const regions = ['eu-west-1', 'cn-north-1', 'us-gov-west-1'];
    const services = await Promise.all(regions.map((region) => service({ region })));
    expect(new Set(services).size).toBe(3);
  });

  it('is told by its endpoint elsewhere, whatever the bucket', async () => {
    const one = await service({ endpoint: 'https://minio.example:9000' });
    expect(await service({ endpoint: 'https://minio.example:9000', bucket: 'other' })).toBe(one);
    expect(await service({ endpoint: 'https://minio.example:9000', forcePathStyle: true })).toBe(one);
    expect(await service({ endpoint: 'https://minio.example:9001' })).not.toBe(one);
    expect(await service({})).not.toBe(one);
  });

  it('is told by the environment too', async () => {
    process.env.AWS_ENDPOINT_URL_S3 = 'https://minio.example:9000';
    try {
      expect(await service({})).toBe(await service({ endpoint: 'https://minio.example:9000' }));
    } finally {
      delete process.env.AWS_ENDPOINT_URL_S3;
    }
  });
});
