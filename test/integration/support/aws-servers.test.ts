import { Readable } from 'node:stream';
import {
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { withAwsServer } from '../../support/aws/server.ts';

const topicArn = 'arn:aws:sns:us-east-1:123456789012:alerts';

describe('one server for all of AWS', () => {
  it('speaks to the real clients, each in its own protocol', async () => {
    await withAwsServer({ buckets: ['backups'] }, async (aws) => {
      const settings = {
        endpoint: aws.url,
        region: 'us-east-1',
        maxAttempts: 1,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
      const sns = new SNSClient(settings);
      await sns.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: 'Backup failed: orders',
          Message: JSON.stringify({ default: 'é & <x>' }),
          MessageStructure: 'json',
          MessageAttributes: { severity: { DataType: 'String', StringValue: 'error' } },
        }),
      );
      expect(aws.sns.messages).toEqual([
        {
          topicArn,
          subject: 'Backup failed: orders',
          message: '{"default":"é & <x>"}',
          messageStructure: 'json',
          attributes: { severity: 'error' },
        },
      ]);
      const publish = (input: { Subject?: string; TopicArn?: string }): Promise<unknown> =>
        sns.send(new PublishCommand({ TopicArn: topicArn, Message: 'x', ...input }));
      await expect(publish({ Subject: 'ü' })).rejects.toThrow('Subject');
      await expect(publish({ Subject: 'x'.repeat(101) })).rejects.toThrow('Subject');
      await expect(publish({ TopicArn: 'alerts' })).rejects.toThrow('TopicArn');
      for (const [how, name] of [
        ['authorizationError', 'AuthorizationErrorException'],
        ['notFound', 'NotFoundException'],
        ['throttle', 'ThrottledException'],
      ] as const) {
        aws.sns.refuse(how, 1);
        const failure = await publish({}).catch((error: unknown) => error);
        expect(String(failure)).toMatch(how === 'throttle' ? /Throttl/ : name);
      }
      aws.sns.refuse('hang');
      const hanging = sns.send(new PublishCommand({ TopicArn: topicArn, Message: 'x' }), {
        abortSignal: AbortSignal.timeout(200),
      });
      await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
      expect(aws.sns.messages).toHaveLength(1);

      const secrets = new SecretsManagerClient(settings);
      aws.secrets.set('arn:secret', { username: 'backup', password: 'p' });
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'arn:secret' }));
      expect(JSON.parse(SecretString ?? '')).toEqual({ username: 'backup', password: 'p' });
      const missing = secrets.send(new GetSecretValueCommand({ SecretId: 'arn:other' }));
      await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });

      const s3 = new S3Client(settings);
      const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'backups' }));
      expect(listed.KeyCount).toBe(0);
      for (const client of [sns, secrets, s3]) client.destroy();
    });
  });

  it('checks trailing checksums of streamed bodies, and refuses wrong ones', async () => {
    await withAwsServer({ buckets: ['backups'] }, async (aws) => {
      const s3 = new S3Client({
        endpoint: aws.url,
        region: 'us-east-1',
        maxAttempts: 1,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      const put = (algorithm: 'CRC32' | 'SHA256'): Promise<unknown> =>
        s3.send(
          new PutObjectCommand({
            Bucket: 'backups',
            Key: algorithm,
            Body: Readable.from([Buffer.alloc(200_000, 'a'), Buffer.from('end')], { objectMode: false }),
            ContentLength: 200_003,
            ChecksumAlgorithm: algorithm,
          }),
        );
      for (const algorithm of ['CRC32', 'SHA256'] as const) {
        await put(algorithm);
        expect(aws.s3.object('backups', algorithm)?.bytes).toBe(200_003);
        aws.s3.remove('backups', algorithm);
        aws.s3.misbehave({ operation: 'PutObject', action: 'corruptByte', afterBytes: 1000 });
        await expect(put(algorithm)).rejects.toMatchObject({ name: 'BadDigest' });
      }
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ Bucket: 'backups', Key: 'k', ChecksumAlgorithm: 'CRC32' }),
      );
      const part = { Bucket: 'backups', Key: 'k', UploadId, PartNumber: 1, Body: Buffer.from('x') };
      await expect(
        s3.send(new UploadPartCommand({ ...part, ChecksumCRC32: 'AAAAAA==' })),
      ).rejects.toMatchObject({
        name: 'BadDigest',
      });
      await expect(
        s3.send(new UploadPartCommand({ ...part, ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })),
      ).rejects.toMatchObject({ name: 'BadDigest' });
      expect(aws.s3.keys('backups')).toEqual([]);
      s3.destroy();
    });
  });

  it('writes on a condition as S3 does: 404, 412, 409 for what happened meanwhile, 501 where told to', async () => {
    for (const knowsIfMatch of [true, false])
      await withAwsServer({ buckets: ['backups'], knowsIfMatch }, async (aws) => {
        const s3 = new S3Client({
          endpoint: aws.url,
          region: 'us-east-1',
          maxAttempts: 1,
          forcePathStyle: true,
          credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        });
        const put = async (condition: object): Promise<string | undefined> => {
          const command = new PutObjectCommand({ Bucket: 'backups', Key: 'k', Body: 'x', ...condition });
          const failed = (error: { name: string; $metadata: { httpStatusCode?: number } }): string =>
            `${error.$metadata.httpStatusCode} ${error.name}`;
          return await s3.send(command).then(({ ETag }) => ETag, failed);
        };
        if (!knowsIfMatch) return expect(await put({ IfMatch: '"a"' })).toBe('501 NotImplemented');
        expect(await put({ IfMatch: '"a"' })).toBe('404 NoSuchKey');
        const first = await put({ IfNoneMatch: '*' });
        expect(await put({ IfNoneMatch: '*' })).toBe('412 PreconditionFailed');
        const second = await put({ IfMatch: first });
        expect(await put({ IfMatch: first })).toBe('412 PreconditionFailed');
        aws.s3.misbehave({ operation: 'PutObject', action: 'stall', delayMs: 300 });
        const slow = put({ IfMatch: second });
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(await put({ IfMatch: second })).toMatch(/^"/);
        expect(await slow).toBe('409 ConditionalRequestConflict');
        s3.destroy();
      });
  });
});
