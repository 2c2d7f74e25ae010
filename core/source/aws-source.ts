import { Signer } from '@aws-sdk/rds-signer';
import * as z from 'zod';
import { hostName } from '../config/options.ts';
import { messageOf, PgproofError } from '../errors.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import { rdsRootCertFile } from '../postgres/connect/rds-certificates.ts';
import { isRdsHost } from '../postgres/connect/rds-hosts.ts';
import type { TlsMode } from '../vocabulary.ts';
import { readAwsSecret } from './aws-secret.ts';
import type { Source } from './source.ts';

/** The secret or the token that a source needs could not be had, or is not what it should be. */
export class SourceUnavailable extends PgproofError {
  override readonly name = 'SourceUnavailable';
}

/** What the configuration says beside, or instead of, the secret. */
export type SourceOverrides = {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly sslMode?: TlsMode | undefined;
  /** Path of a PEM file with the authorities to trust. Default for RDS hosts: AWS's own. */
  readonly rootCert?: string | undefined;
};

/** Loose: AWS and people put more into it. RDS's own master secret has nothing but username and password. */
const secretSchema = z.looseObject({
  username: z.string().min(1).optional(),
  password: z.string().min(1),
  host: hostName.optional(),
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  dbname: z.string().min(1).optional(),
  engine: z
    .string()
    .refine((engine) => /postgres/i.test(engine), { error: 'is not a PostgreSQL engine' })
    .optional(),
});

const connectTimeoutSeconds = 10;

/**
 * A server whose credentials are a Secrets Manager secret in RDS's JSON form
 * (`{"username","password","host","port","dbname"}`). Read anew at every resolve: it may have been rotated.
 */
export function secretSource(options: {
  readonly name: string;
  readonly secretArn: string;
  readonly overrides?: SourceOverrides | undefined;
  /** Where the secret says nothing: those that RDS manages have no host. */
  readonly defaults?: Pick<SourceOverrides, 'host' | 'port'> | undefined;
}): Source {
  const { name, secretArn, overrides = {}, defaults = {} } = options;
  return {
    name,
    async resolve() {
      const secret = parseSecret(await readAwsSecret(secretArn, SourceUnavailable), secretArn);
      const host = overrides.host ?? secret.host ?? defaults.host ?? missing('host', secretArn);
      return parametersOf({
        host,
        port: overrides.port ?? secret.port ?? defaults.port,
        user: overrides.user ?? secret.username ?? missing('username', secretArn),
        password: secret.password,
        database: overrides.database ?? secret.dbname,
        // Whoever names the authority wants it asked.
        sslMode:
          overrides.sslMode ??
          (isRdsHost(host) || overrides.rootCert !== undefined ? 'verify-full' : 'require'),
        rootCert: overrides.rootCert,
      });
    },
  };
}

/**
 * An RDS or Aurora server that takes IAM tokens (the role needs `rds_iam`, the function `rds-db:connect`). A
 * token is good for 15 minutes to connect with; each resolve makes a new one. It only works with TLS.
 */
export function iamSource(options: {
  readonly name: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly user: string;
  /** Default: the region of the environment. */
  readonly region?: string | undefined;
  readonly database?: string | undefined;
  readonly sslMode?: TlsMode | undefined;
  readonly rootCert?: string | undefined;
}): Source {
  const { name, host, port = 5432, user, region, database, sslMode = 'verify-full' } = options;
  const signer = new Signer({
    hostname: host,
    port,
    username: user,
    ...(region === undefined ? {} : { region }),
  });
  return {
    name,
    async resolve() {
      const rootCert = options.rootCert ?? (sslMode.startsWith('verify-') ? rdsRootCertFile() : undefined);
      const password = await signer.getAuthToken().catch((cause: unknown) => {
        throw new SourceUnavailable(
          {
            what: `No IAM token could be made for ${JSON.stringify(user)} at ${host}`,
            got: messageOf(cause),
            fix: 'Give the process AWS credentials and a region (AWS_REGION).',
          },
          { cause },
        );
      });
      return parametersOf({ host, port, user, password, database, sslMode, rootCert });
    },
  };
}

function parametersOf(found: {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  readonly sslMode: TlsMode;
  readonly rootCert: string | undefined;
}): ConnectionParameters {
  const { host, port = 5432, user, password, database = 'postgres', sslMode } = found;
  const usesBundle = isRdsHost(host) && sslMode.startsWith('verify-');
  const rootCert = found.rootCert ?? (usesBundle ? rdsRootCertFile() : undefined);
  return { host, port, user, password, database, tls: { mode: sslMode, rootCert }, connectTimeoutSeconds };
}

/** Nothing that JSON.parse or zod says is passed on but the names of keys: their messages may hold the value. */
function parseSecret(text: string, secretArn: string): z.infer<typeof secretSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid(secretArn, 'it is not JSON');
  }
  const { success, data, error } = secretSchema.safeParse(json);
  if (success) return data;
  const keys = new Set(error.issues.map(({ path }) => String(path[0] ?? 'the whole')));
  return invalid(secretArn, `missing or wrong: ${[...keys].join(', ')}`);
}

function missing(key: string, secretArn: string): never {
  return invalid(secretArn, `missing: ${key}`);
}

function invalid(secretArn: string, got: string): never {
  throw new SourceUnavailable({
    what: `The secret ${secretArn} is not in RDS's JSON form`,
    got,
    expected: '{"username", "password", "host", "port", "dbname", "engine": "postgres"}',
    fix: "Complete the secret, or give host and role in the source's configuration.",
  });
}
