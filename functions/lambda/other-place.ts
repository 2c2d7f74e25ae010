import * as z from 'zod';
import { PgproofError } from '../../core/errors.ts';
import { readAwsSecret } from '../../core/source/aws-secret.ts';
import type { StoreSettings } from '../../core/store/open-bucket.ts';

/** The secret of another account or cloud could not be had, or is not what it should be. */
export class CredentialsUnavailable extends PgproofError {
  override readonly name = 'CredentialsUnavailable';
}

/** What `otherPlaceEnvironment` declares, as part of a function's settings. */
export const otherPlaceSettings = {
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  pathStyle: z.enum(['true', 'false']).optional(),
  credentialsSecretArn: z.string().optional(),
};

export type OtherPlaceSettings = {
  readonly [key in keyof typeof otherPlaceSettings]?: string | undefined;
};

/**
 * How the other bucket is reached. The secret is read at every run: it may have been rotated.
 * @throws CredentialsUnavailable
 */
export async function reachOther(settings: OtherPlaceSettings): Promise<StoreSettings> {
  const { region, endpoint, pathStyle, credentialsSecretArn: secretArn } = settings;
  return {
    ...(region === undefined ? {} : { region }),
    // Services beside S3 refuse checksums that they do not know. What is written is read back all the same.
    ...(endpoint === undefined ? {} : { endpoint, requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
    ...(pathStyle === undefined ? {} : { forcePathStyle: pathStyle === 'true' }),
    ...(secretArn === undefined ? {} : { credentials: await readCredentials(secretArn) }),
  };
}

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** Loose: people put more into it. */
const secretSchema = z.looseObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});

/** Nothing that JSON.parse or zod says is passed on but the names of keys: their messages may hold the value. */
async function readCredentials(secretArn: string): Promise<Credentials> {
  const text = await readAwsSecret(secretArn, CredentialsUnavailable);
  const invalid = (got: string): never => {
    throw new CredentialsUnavailable({
      what: `The secret ${secretArn} holds no credentials`,
      got,
      expected: '{"accessKeyId", "secretAccessKey"}',
      fix: 'Write both into the secret; for Google Cloud Storage they are the access key and the secret of an HMAC key.',
    });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid('it is not JSON');
  }
  const { success, data, error } = secretSchema.safeParse(json);
  if (!success) {
    const keys = new Set(error.issues.map(({ path }) => String(path[0] ?? 'the whole')));
    return invalid(`missing or wrong: ${[...keys].join(', ')}`);
  }
  const { accessKeyId, secretAccessKey, sessionToken } = data;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
