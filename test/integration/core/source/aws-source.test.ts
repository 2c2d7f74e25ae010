import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeRdsRootCertFile } from '../../../../core/postgres/connect/rds-certificates.ts';
import { iamSource, SourceUnavailable, secretSource } from '../../../../core/source/aws-source.ts';
import { listen } from '../../../support/aws/listener.ts';
import { type SecretsServer, secretsService } from '../../../support/aws/secrets-server.ts';

const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf';
const canary = 'canary-password';
const rds = 'db.abc.eu-west-1.rds.amazonaws.com';
const whole = { username: 'me', password: canary, host: rds, port: 5433, dbname: 'app', engine: 'postgres' };
let server: SecretsServer;

beforeAll(async () => {
  const service = secretsService();
  const listening = await listen((request, response) => void service.handle(request, response));
  server = { ...service, ...listening };
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = server.url;
  process.env.AWS_ACCESS_KEY_ID = 'AKIDTEST';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
});

afterAll(async () => {
  // The product removes it when the process exits; a test worker is killed.
  removeRdsRootCertFile();
  await server?.kill();
});

const source = (overrides = {}) => secretSource({ name: 'shop', secretArn, overrides });

/** The error of a resolve, after checking that the password is not in it. */
async function failure(overrides = {}): Promise<SourceUnavailable> {
  const error: unknown = await source(overrides)
    .resolve()
    .then(
      () => new Error('it resolved'),
      (thrown: unknown) => thrown,
    );
  if (!(error instanceof SourceUnavailable)) throw error;
  expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain('canary');
  return error;
}

describe('secretSource', () => {
  test('the form of RDS, with TLS verified against the bundle of AWS', async () => {
    server.set(secretArn, whole);
    expect(await source().resolve()).toMatchObject({
      host: rds,
      port: 5433,
      user: 'me',
      password: canary,
      database: 'app',
      tls: { mode: 'verify-full', rootCert: expect.stringContaining('rds-global-bundle.pem') },
    });
  });

  test('the master secret of RDS: no host, no database, a port as text', async () => {
    server.set(secretArn, { username: 'me', password: canary, port: '6000' });
    expect(await source({ host: 'db.internal' }).resolve()).toMatchObject({
      host: 'db.internal',
      port: 6000,
      database: 'postgres',
      tls: { mode: 'require', rootCert: undefined },
    });
  });

  test('the configuration wins', async () => {
    server.set(secretArn, whole);
    const overrides = { host: 'h', port: 1, user: 'u', database: 'd', sslMode: 'disable' } as const;
    expect(await source(overrides).resolve()).toMatchObject({
      host: 'h',
      port: 1,
      user: 'u',
      database: 'd',
      password: canary,
      tls: { mode: 'disable' },
    });
  });

  test('a rotated password is seen at the next resolve', async () => {
    const one = source();
    server.set(secretArn, whole);
    expect((await one.resolve()).password).toBe(canary);
    server.set(secretArn, { ...whole, password: 'new' });
    expect((await one.resolve()).password).toBe('new');
  });

  test.each([
    [{ ...whole, password: undefined }, 'password'],
    [{ ...whole, username: undefined }, 'username'],
    [{ ...whole, host: undefined }, 'host'],
    [{ ...whole, port: 'canary' }, 'port'],
    [{ ...whole, engine: 'mysql' }, 'engine'],
    [`${canary} {"password":`, 'not JSON'],
    [JSON.stringify(canary), 'the whole'],
  ])('a secret that is not complete: %#', async (secret, named) => {
    server.set(secretArn, secret);
    expect((await failure()).message).toContain(named);
  });

  test('no such secret, no right to it', async () => {
    server.remove(secretArn);
    expect((await failure()).message).toContain('ResourceNotFoundException');
    server.refuse(true);
    expect((await failure()).message).toContain('GetSecretValue');
    server.refuse(false);
  });
});

describe('iamSource', () => {
  test('a token for this host, port and role, made anew each time', async () => {
    const one = iamSource({ name: 'shop', host: rds, user: 'backup', region: 'eu-west-1' });
    const found = await one.resolve();
    expect(found).toMatchObject({ host: rds, port: 5432, user: 'backup', database: 'postgres' });
    expect(found.tls).toMatchObject({ mode: 'verify-full', rootCert: expect.any(String) });
    const token = new URL(`https://${found.password}`);
    expect(token.host).toBe(`${rds}:5432`);
    expect(Object.fromEntries(token.searchParams)).toMatchObject({
      Action: 'connect',
      DBUser: 'backup',
      'X-Amz-Expires': '900',
      'X-Amz-Credential': expect.stringMatching(/^AKIDTEST\/\d{8}\/eu-west-1\/rds-db\//),
    });
  });
});
