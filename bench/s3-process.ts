import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The test suite's S3 server in a process of its own, so that its memory and event loop are not the product's. */
export async function startS3Process(bucket: string): Promise<{
  readonly environment: Record<string, string> & { AWS_ENDPOINT_URL: string };
  readonly stop: () => void;
}> {
  const script = fileURLToPath(new URL('s3-server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, bucket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const environment = {
    AWS_ENDPOINT_URL: line.toString().trim(),
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { environment, stop: () => void child.stdin.end() };
}

/** The AWS command line, where it is installed and answers. */
export async function findAws(): Promise<{ readonly file: string; readonly args: string[] } | undefined> {
  try {
    await promisify(execFile)('aws', ['--version']);
    return { file: 'aws', args: [] };
  } catch {
    return undefined;
  }
}
