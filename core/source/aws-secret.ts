import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { messageOf, type PgproofError, type Problem } from '../errors.ts';

const fixes: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'Correct the ARN of the secret, or its region.',
  AccessDeniedException:
    'Allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key if it has one of its own.',
  DecryptionFailure: 'Allow kms:Decrypt on the key of the secret.',
  TimeoutError: 'Give the subnets a way to Secrets Manager: a VPC endpoint, or a NAT gateway.',
};

/**
 * The text of a secret of Secrets Manager, in the region that its ARN names. Read anew every time: it may have been rotated.
 *
 * @param Unavailable what is thrown where it cannot be had
 */
export async function readAwsSecret(
  secretArn: string,
  Unavailable: new (problem: Problem, options?: ErrorOptions) => PgproofError,
): Promise<string> {
  const region = /^arn:[^:]+:secretsmanager:([^:]+):/.exec(secretArn)?.[1];
  const client = new SecretsManagerClient({
    ...(region === undefined ? {} : { region }),
    maxAttempts: 3,
    // In a VPC without a way out the request would hang until the function's time is up.
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  let text: string | undefined;
  try {
    text = (await client.send(new GetSecretValueCommand({ SecretId: secretArn }))).SecretString;
  } catch (cause: unknown) {
    const name = cause instanceof Error ? cause.name : '';
    throw new Unavailable(
      {
        what: `The secret ${secretArn} could not be read`,
        got: `${name}: ${messageOf(cause)}`,
        fix: fixes[name] ?? 'Check its ARN, the rights of this role, and the way to Secrets Manager.',
      },
      { cause },
    );
  } finally {
    client.destroy();
  }
  if (text !== undefined) return text;
  throw new Unavailable({
    what: `The secret ${secretArn} is binary`,
    got: 'no text',
    fix: 'Store it as text: JSON.',
  });
}
