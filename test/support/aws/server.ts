import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from './listener.ts';
import { type S3ServerOptions, type S3Service, s3Service } from './s3-server.ts';
import { type SecretsService, secretsService } from './secrets-server.ts';
import { type SnsService, snsService } from './sns-server.ts';
import { header } from './wire.ts';

export type AwsServer = {
  /** For AWS_ENDPOINT_URL, which redirects every client of the SDK. */
  readonly url: string;
  /** What a child process or a handler needs in its environment to reach this server and nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  readonly s3: S3Service;
  readonly sns: SnsService;
  readonly secrets: SecretsService;
  kill(): Promise<void>;
};

/** S3, SNS and Secrets Manager on one free port, told apart as AWS's own wire formats differ. */
export async function withAwsServer<T>(
  options: S3ServerOptions,
  use: (aws: AwsServer) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-aws-'));
  const s3 = s3Service(directory, options);
  const sns = snsService();
  const secrets = secretsService();
  const serviceFor = (request: IncomingMessage): Pick<S3Service, 'handle'> => {
    if (header(request, 'x-amz-target') !== undefined) return secrets;
    if (header(request, 'content-type')?.startsWith('application/x-www-form-urlencoded')) return sns;
    return s3;
  };
  const { url, kill } = await listen((request: IncomingMessage, response: ServerResponse) => {
    void serviceFor(request).handle(request, response);
  });
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: options.region ?? 'us-east-1',
    AWS_ACCESS_KEY_ID: options.accessKeyId ?? 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  try {
    return await use({ url, environment, s3, sns, secrets, kill });
  } finally {
    await kill();
    await rm(directory, { recursive: true, force: true });
  }
}
