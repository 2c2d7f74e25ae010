import { delimiter, join } from 'node:path';
import pg from 'pg';
import { beforeAll } from 'vitest';
import { type AwsServer, withAwsServer } from '../aws/server.ts';
import { findTools } from '../postgres/programs.ts';
import { newestMajor, runSql, sharedServer, type TestServer, uniqueName } from '../postgres/servers.ts';
import { bundle } from '../run/bundles.ts';
import { type Lambda, type LambdaOptions, withLambda } from './runtime.ts';

export type FunctionName = 'backup' | 'verify' | 'restore' | 'prune' | 'copy' | 'log';

export const bucket = 'backups';
/** Of the second place. */
export const copies = 'offsite';
export const topicArn = 'arn:aws:sns:us-east-1:111122223333:backups';
export const secretArn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/backup-AbCdEf';
export const kmsKeyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** Needs care in connection strings, URLs, JSON and SQL; and nothing else may look like it. */
export const canary = `Canary' pä"ss\\wörd %41=&:/@`;

/** What was published, taken apart. */
export type Told = { readonly subject: string; readonly text: string; readonly chat: string };

/** What the construct would deploy for one source: bucket, topic, secret, a role on a real server, two functions. */
export type Deployment = {
  readonly aws: AwsServer;
  readonly server: TestServer;
  /** The role that the secret is about; its password is {@link canary}. */
  readonly role: string;
  readonly environment: Readonly<Record<FunctionName, Readonly<Record<string, string>>>>;
  withFunction<T>(
    name: FunctionName,
    options: { readonly environment?: Record<string, string>; readonly timeoutMs?: number },
    use: (lambda: Lambda) => Promise<T>,
  ): Promise<T>;
  /** Every message that SNS took. */
  told(): Told[];
  /** Every byte that was stored or published, for a search. */
  everything(): Promise<string>;
};

let bundles: string | undefined;

/** The functions' bundles, as they are deployed, for the test file that calls this at its top. */
export function useBundles(): void {
  beforeAll(async () => {
    bundles = await bundle('functions');
  });
}

export function bundleOf(name: FunctionName): string {
  if (bundles === undefined) throw new Error('useBundles() was not called');
  return join(bundles, name, 'index.mjs');
}

export async function withDeployment<T>(
  { major = newestMajor(), server }: { readonly major?: number; readonly server?: TestServer },
  use: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  const home = server ?? (await sharedServer(major));
  const { host, port } = home.tcpParameters;
  const role = uniqueName('backup');
  const quoted = pg.escapeIdentifier(role);
  await runSql(home.parameters, `CREATE ROLE ${quoted} SUPERUSER LOGIN PASSWORD ${pg.escapeLiteral(canary)}`);
  const { found } = await findTools();
  try {
    return await withAwsServer({ buckets: [bucket, copies] }, async (aws) => {
      aws.secrets.set(secretArn, {
        engine: 'postgres',
        host,
        port,
        username: role,
        password: canary,
        dbname: 'postgres',
        dbInstanceIdentifier: 'shop',
      });
      const both = {
        ...aws.environment,
        AWS_SESSION_TOKEN: 'a-session-token-of-the-role',
        PGPROOF_STORE: `s3://${bucket}/pg`,
        PGPROOF_TOPIC_ARN: topicArn,
        PGPROOF_NOTIFY: 'failures',
        // The layer's place: nothing lies at /opt here.
        PGPROOF_PG_BIN: found.map(({ directory }) => directory).join(delimiter),
      };
      // It tells failures always: somebody waits for it.
      const { PGPROOF_NOTIFY: _, ...withoutPolicy } = both;
      const environment = {
        backup: {
          ...both,
          PGPROOF_SOURCE: 'shop',
          PGPROOF_SECRET_ARN: secretArn,
          PGPROOF_SSLMODE: 'disable',
        },
        verify: { ...both, PGPROOF_VERIFY_LEVEL: 'read' },
        log: {
          ...aws.environment,
          AWS_SESSION_TOKEN: 'a-session-token-of-the-role',
          PGPROOF_SECRET_ARN: secretArn,
          PGPROOF_SSLMODE: 'disable',
        },
        prune: { ...withoutPolicy, PGPROOF_SOURCES: '["shop"]', PGPROOF_KEEP: '{"daily": 7}' },
        copy: {
          ...both,
          PGPROOF_SOURCES: '["shop"]',
          PGPROOF_COPY_NAME: 'offsite',
          PGPROOF_COPY_TO: `s3://${copies}/pg`,
          PGPROOF_COPY_MAX_AGE_HOURS: '48',
        },
        restore: {
          ...withoutPolicy,
          PGPROOF_SOURCE: 'shop',
          PGPROOF_SECRET_ARN: secretArn,
          PGPROOF_SSLMODE: 'disable',
        },
      };
      return await use({
        aws,
        server: home,
        role,
        environment,
        withFunction: (name, { environment: more, timeoutMs }, run) => {
          const options: LambdaOptions = {
            bundle: bundleOf(name),
            environment: { ...environment[name], ...more },
            timeoutMs,
          };
          return withLambda(options, run);
        },
        told: () => toldBy(aws),
        everything: () => everythingIn(aws),
      });
    });
  } finally {
    await runSql(home.parameters, `DROP ROLE ${quoted}`);
  }
}

function toldBy(aws: AwsServer): Told[] {
  return aws.sns.messages.map(({ subject = '', message }) => {
    const { email, https } = JSON.parse(message) as { email: string; https: string };
    return { subject, text: email, chat: https };
  });
}

async function everythingIn(aws: AwsServer): Promise<string> {
  const keys = aws.s3.keys(bucket);
  const contents = await Promise.all(keys.map(async (key) => aws.s3.object(bucket, key)?.content()));
  return [
    ...keys,
    ...contents.map((content) => content?.toString('utf8') ?? ''),
    JSON.stringify(aws.sns.messages),
    ...aws.sns.messages.map(({ message }) => message),
  ].join('\n');
}
