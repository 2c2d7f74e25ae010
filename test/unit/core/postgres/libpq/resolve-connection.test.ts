import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { removeRdsRootCertFile } from '../../../../../core/postgres/connect/rds-certificates.ts';
import { resolveConnection } from '../../../../../core/postgres/libpq/resolve-connection.ts';
import { ServiceFileInvalid } from '../../../../../core/postgres/libpq/service-file.ts';

type Tree = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;
const warnings: string[] = [];

// The product removes it when the process exits; a test worker is killed.
afterAll(removeRdsRootCertFile);

function resolveAll(
  text: string | undefined,
  env: Record<string, string> = {},
  tree: Tree = {},
): ConnectionParameters[] {
  const entry = (path: string) => {
    const found = tree[path];
    return typeof found === 'string' ? { text: found, mode: 0o100600 } : found;
  };
  warnings.length = 0;
  return resolveConnection(text, {
    env,
    home: '/home/me',
    osUser: () => 'me',
    files: {
      stat: (path) => {
        const found = entry(path);
        return found && { mode: found.mode, isFile: (found.mode & 0o170000) === 0o100000 };
      },
      read: (path) => entry(path)?.text,
    },
    warn: (warning) => warnings.push(warning),
  });
}

function resolve(
  text: string | undefined,
  env: Record<string, string> = {},
  tree: Tree = {},
): ConnectionParameters {
  const [first, ...more] = resolveAll(text, env, tree);
  expect(more).toEqual([]);
  if (first === undefined) throw new Error('there is always one');
  return first;
}

describe('precedence', () => {
  const service = { '/home/me/.pg_service.conf': '[s]\nhost=service\nuser=service\nport=2\n[t]\nhost=t\n' };

  test('with nothing said: the socket, the system user, a database of that name, ten seconds', () => {
    expect(resolve(undefined)).toEqual({
      host: '/tmp',
      port: 5432,
      user: 'me',
      database: 'me',
      connectTimeoutSeconds: 10,
      tls: { mode: 'prefer' },
    });
    expect(resolve(undefined, {}, { '/var/run/postgresql': { text: '', mode: 0o040755 } }).host).toBe(
      '/var/run/postgresql',
    );
    const alive = { '/var/run/postgresql': '', '/tmp/.s.PGSQL.5432': { text: '', mode: 0o140777 } };
    expect(resolve(undefined, {}, alive).host).toBe('/tmp');
  });

  test('the text wins over the service, that over the environment', () => {
    const env = { PGSERVICE: 's', PGHOST: 'env', PGUSER: 'env', PGPORT: '3', PGDATABASE: 'env' };
    const found = resolve('postgresql://text@/?port=1', env, service);
    expect(found).toMatchObject({ host: 'service', port: 1, user: 'text', database: 'env' });
    expect(resolve('service=t', env, service)).toMatchObject({ host: 't', port: 3 });
  });

  test('everything that the environment can say', () => {
    const env = {
      PGHOST: 'h',
      PGHOSTADDR: '10.0.0.1',
      PGPORT: '1',
      PGUSER: 'u',
      PGPASSWORD: 'p',
      PGDATABASE: 'd',
      PGSSLMODE: 'verify-ca',
      PGSSLROOTCERT: '/r',
      PGSSLCERT: '/c',
      PGSSLKEY: '/k',
      PGSSLCRL: '/l',
      PGSSLMINPROTOCOLVERSION: 'TLSv1.3',
      PGSSLNEGOTIATION: 'direct',
      PGCHANNELBINDING: 'require',
      PGCONNECT_TIMEOUT: '7',
      PGOPTIONS: '-c geqo=off',
      PGTARGETSESSIONATTRS: 'standby',
      PGAPPNAME: 'ignored',
      PGCLIENTENCODING: 'LATIN1',
    };
    expect(resolve(undefined, env)).toEqual({
      host: 'h',
      hostAddress: '10.0.0.1',
      port: 1,
      user: 'u',
      password: 'p',
      database: 'd',
      connectTimeoutSeconds: 7,
      options: '-c geqo=off',
      targetSession: 'standby',
      tls: {
        mode: 'verify-ca',
        rootCert: '/r',
        cert: '/c',
        key: '/k',
        revocationList: '/l',
        minVersion: 'TLSv1.3',
        negotiation: 'direct',
        requireChannelBinding: true,
      },
    });
  });

  test('service files: where they are looked for, and what is wrong with them', () => {
    const system = { '/etc/x/pg_service.conf': '[sys]\nhost=sys' };
    expect(resolve('service=sys', { PGSYSCONFDIR: '/etc/x' }, { ...service, ...system }).host).toBe('sys');
    const named = { '/n': '# x\n\n [no]\nhost=no\n[n]\n  host=first\nhost=second\nsslmode=require\n' };
    expect(resolve(undefined, { PGSERVICE: 'n', PGSERVICEFILE: '/n' }, named)).toMatchObject({
      host: 'first',
      tls: { mode: 'require' },
    });
    for (const [text, tree] of [
      ['service=absent', service],
      ['service=s servicefile=/absent', service],
      ['service=x', { '/home/me/.pg_service.conf': '[x]\nhost = spaced' }],
      ['service=x', { '/home/me/.pg_service.conf': '[x]\nhost' }],
      ['service=x', { '/home/me/.pg_service.conf': '[x]\nservice=y' }],
      ['service=x', { '/home/me/.pg_service.conf': '[x]\nldap://h/x' }],
    ] as const) {
      expect(() => resolve(text, {}, tree)).toThrow(ServiceFileInvalid);
    }
  });
});

describe('several hosts', () => {
  test('each with its port, or one port for all', () => {
    const at = (text: string) =>
      resolveAll(text).map(({ host, hostAddress, port }) => [host, hostAddress, port]);
    expect(at('postgresql://a,b:2,[::1]/')).toEqual([
      ['a', undefined, 5432],
      ['b', undefined, 2],
      ['::1', undefined, 5432],
    ]);
    expect(at('host=a,b port=9')).toEqual([
      ['a', undefined, 9],
      ['b', undefined, 9],
    ]);
    expect(at('host=a,b hostaddr=1.1.1.1,2.2.2.2')).toEqual([
      ['a', '1.1.1.1', 5432],
      ['b', '2.2.2.2', 5432],
    ]);
    expect(at('hostaddr=1.1.1.1')).toEqual([['1.1.1.1', undefined, 5432]]);
    expect(at('host=a,,/s')).toEqual([
      ['a', undefined, 5432],
      ['/tmp', undefined, 5432],
      ['/s', undefined, 5432],
    ]);
  });

  test.each([
    'host=a,b port=1,2,3',
    'host=a,b hostaddr=1.1.1.1',
    'port=0',
    'port=65536',
    'port=x',
    'port=-1',
  ])('%s is refused', (text) => {
    expect(() => resolveAll(text)).toThrow(UsageError);
  });

  test('each has its own password', () => {
    const tree = { '/home/me/.pgpass': 'a:*:*:*:pa\nb:*:*:*:pb' };
    expect(resolveAll('host=a,b,c', {}, tree).map(({ password }) => password)).toEqual([
      'pa',
      'pb',
      undefined,
    ]);
  });

  test.each([
    ['PGHOST', 'postgresql://u:canary@h/db'],
    ['PGHOST', 'u:canary@h'],
    ['PGHOST', 'canary/x@h'],
    ['PGHOSTADDR', 'canary'],
    ['PGPORT', 'canary@h'],
    ['PGDATABASE', 'postgresql://u:canary@h/db'],
    ['PGDATABASE', 'postgres://u:can/canary@h/db'],
    ['PGDATABASE', "host=h password='canary' dbname=x"],
    ['PGUSER', 'postgresql://u:canary@h/db'],
  ])('%s that holds %s is refused, and nothing of it repeated', (name, value) => {
    expect(() => resolve(undefined, { [name]: value })).toThrow(UsageError);
    expect(() => resolve(undefined, { [name]: value })).toThrow(/^(?!.*canary).*$/s);
  });

  test('an odd name of a database is one', () => {
    expect(resolve(undefined, { PGDATABASE: 'host=evil dbname=x' }).database).toBe('host=evil dbname=x');
    expect(resolve("dbname='postgresql://h/x'").database).toBe('postgresql://h/x');
  });

  test('a piece of a password that was taken for the port is not repeated', () => {
    expect(() => resolve('postgresql://u:canary/x@h/db')).toThrow(/^(?!.*canary).*$/s);
  });
});

describe('the password file', () => {
  const line = 'h:5432:me:me:secret';

  test('is asked only when no password is given', () => {
    const tree = { '/home/me/.pgpass': line, '/other': 'h:*:*:*:other' };
    expect(resolve('host=h', {}, tree).password).toBe('secret');
    expect(resolve('host=h', { PGPASSWORD: '' }, tree).password).toBe('secret');
    expect(resolve('host=h', { PGPASSWORD: 'x' }, tree).password).toBe('x');
    expect(resolve('host=h', { PGPASSFILE: '/other' }, tree).password).toBe('other');
    expect(resolve('host=h passfile=/absent', {}, tree).password).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test('is ignored, with a warning, when others may read it', () => {
    const tree = { '/home/me/.pgpass': { text: line, mode: 0o100644 } };
    expect(resolve('host=h', {}, tree).password).toBeUndefined();
    expect(warnings.join()).toContain('/home/me/.pgpass');
    expect(warnings.join()).not.toContain('secret');
  });
});

describe('TLS', () => {
  test('the files in ~/.postgresql are the default', () => {
    const names = ['root.crt', 'root.crl', 'postgresql.crt', 'postgresql.key'];
    const tree = Object.fromEntries(names.map((name) => [`/home/me/.postgresql/${name}`, '']));
    expect(resolve('host=h', {}, tree).tls).toEqual({
      mode: 'prefer',
      rootCert: '/home/me/.postgresql/root.crt',
      revocationList: '/home/me/.postgresql/root.crl',
      cert: '/home/me/.postgresql/postgresql.crt',
      key: '/home/me/.postgresql/postgresql.key',
    });
  });

  test('a host of RDS is verified in full against the bundle of AWS, unless the user says otherwise', () => {
    const host = 'db.abc.eu-west-1.rds.amazonaws.com';
    for (const name of [host, 'x.cn-north-1.rds.amazonaws.com.cn', 'UPPER.rds.AMAZONAWS.com']) {
      const { tls } = resolve(`host=${name}`);
      expect(tls.mode).toBe('verify-full');
      const pem = readFileSync(tls.rootCert ?? '', 'utf8');
      const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      const subjects = certificates.map((one) => new X509Certificate(one).subject).join();
      expect(subjects).toContain('Amazon RDS eu-west-1 Root CA RSA2048 G1');
      expect(statSync(tls.rootCert ?? '').mode & 0o777).toBe(0o600);
    }
    expect(resolve(`host=${host}`, { PGSSLMODE: 'require' }).tls).toEqual({ mode: 'require' });
    expect(resolve(`host=${host} sslrootcert=/mine`).tls).toEqual({ mode: 'verify-full', rootCert: '/mine' });
    expect(resolve('host=rds.amazonaws.com.evil.test').tls).toEqual({ mode: 'prefer' });
    expect(resolve('host=evilrds.amazonaws.com').tls).toEqual({ mode: 'prefer' });
  });

  test('sslrootcert=system means verify-full and the file of the system, where there is one', () => {
    expect(resolve('host=h sslrootcert=system').tls).toEqual({ mode: 'verify-full', rootCert: 'system' });
    const tree = { '/etc/ssl/certs/ca-certificates.crt': '' };
    expect(resolve('host=h sslrootcert=system', {}, tree).tls.rootCert).toBe(
      '/etc/ssl/certs/ca-certificates.crt',
    );
    expect(() => resolve('host=h sslrootcert=system sslmode=require')).toThrow(UsageError);
  });

  test.each(['sslmode=no-verify', 'sslnegotiation=direct', 'channel_binding=x', 'target_session_attrs=x'])(
    '%s is refused',
    (text) => {
      expect(() => resolve(text)).toThrow(UsageError);
    },
  );
});

describe('what cannot be honoured is refused, the rest is ignored', () => {
  test.each([
    'gssencmode=require',
    'requirepeer=postgres',
    'require_auth=scram-sha-256',
    'krbsrvname=x',
    'sslcrldir=/x',
    'sslpassword=canary',
    'sslcertmode=require',
    'replication=database',
    'oauth_client_secret=canary',
  ])('%s', (text) => {
    expect(() => resolve(text)).toThrow(/cannot honour: (?!.*canary)/);
  });

  test('also from the environment and from a service', () => {
    expect(() => resolve(undefined, { PGGSSENCMODE: 'require' })).toThrow('PGGSSENCMODE');
    expect(() => resolve('service=s', {}, { '/home/me/.pg_service.conf': '[s]\nrequirepeer=x' })).toThrow(
      UsageError,
    );
  });

  test('harmless ones', () => {
    const text =
      'host=h gssencmode=prefer keepalives=0 application_name=x client_encoding=auto sslcompression=1';
    expect(resolve(`${text} replication=false tcp_user_timeout=1`)).toMatchObject({ host: 'h' });
  });
});

test.each([
  ['', 10],
  ['connect_timeout=3', 3],
  ['connect_timeout=0', 0],
  ['connect_timeout=-1', 0],
])('%j: %d seconds to connect', (text, expected) => {
  expect(resolve(text).connectTimeoutSeconds).toBe(expected);
});

test('a process whose user has no name must say the role', () => {
  const osUser = (): string => {
    throw new Error('no entry');
  };
  expect(() => resolveConnection('host=h', { env: {}, osUser })).toThrow(UsageError);
  expect(resolveConnection('host=h user=u', { env: {}, osUser })[0]?.user).toBe('u');
});
