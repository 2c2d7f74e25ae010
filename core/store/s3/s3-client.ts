import { S3Client } from '@aws-sdk/client-s3';
import { UsageError } from '../../errors.ts';
import type { S3StoreSettings } from './s3-settings.ts';

const connectTimeoutMs = 10_000;
const defaultIdleTimeoutMs = 60_000;
/** About ten seconds of back-off altogether: S3's own advice is to outlast throttling, not to fail a night for it. */
const defaultMaxAttempts = 7;

function checkEndpoint(endpoint: string | undefined): void {
  if (endpoint === undefined) return;
  // Also where the @ stands behind the host: with a / in the password its first part would be the host, and looked up.
  if (endpoint.includes('@')) {
    throw new UsageError({
      what: 'The S3 endpoint has a user, a password or an "@" in it',
      expected: 'https://host or http://host:port',
      fix: "Leave them out: credentials come from AWS's own places (environment, profile, role).",
    });
  }
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return;
  throw new UsageError({
    what: 'The S3 endpoint is not a URL',
    got: endpoint.includes('?') ? undefined : JSON.stringify(endpoint),
    expected: 'https://host or http://host:port',
    fix: 'Write the whole URL of the S3 service, with its scheme.',
  });
}

/** A client that retries throttling and broken connections with back-off, and never waits for ever. */
export function s3Client(settings: S3StoreSettings): S3Client {
  if (settings.client !== undefined) return settings.client;
  const endpoint = settings.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const region = settings.region ?? process.env.AWS_REGION ?? (endpoint ? 'us-east-1' : undefined);
  checkEndpoint(endpoint);
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.forcePathStyle === undefined ? {} : { forcePathStyle: settings.forcePathStyle }),
    ...(settings.profile === undefined ? {} : { profile: settings.profile }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    retryMode: 'standard',
    maxAttempts: settings.maxAttempts ?? defaultMaxAttempts,
    // Otherwise AWS_REQUEST_CHECKSUM_CALCULATION or the profile's word holds, then WHEN_SUPPORTED.
    ...(settings.requestChecksumCalculation === undefined
      ? {}
      : { requestChecksumCalculation: settings.requestChecksumCalculation }),
    // Objects are checked against the manifest's SHA-256; and a read that resumes has no whole checksum to check.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, every part would open a connection of its own and wait a round trip before its first byte.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      // Idle time, not `requestTimeout`: a large part over a slow line takes long and is well.
      socketTimeout: settings.idleTimeoutMs ?? defaultIdleTimeoutMs,
      httpAgent: { keepAlive: true, maxSockets: 32 },
      httpsAgent: { keepAlive: true, maxSockets: 32 },
    },
  });
}
