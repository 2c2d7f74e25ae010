import { expect, test } from 'vitest';
import { childEnvironment } from '../../../../../core/postgres/connect/child-environment.ts';

test('the smallest: nothing of this process, no database, no password', () => {
  const environment = childEnvironment({
    host: '/tmp',
    port: 5432,
    user: 'me',
    database: 'app',
    connectTimeoutSeconds: 10,
    tls: { mode: 'prefer' },
  });
  expect(environment).toEqual({
    HOME: '/nonexistent',
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    PGPASSFILE: '/nonexistent/pgpass',
    PGAPPNAME: 'pgproof',
    PGHOST: '/tmp',
    PGPORT: '5432',
    PGUSER: 'me',
    PGSSLMODE: 'prefer',
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: '10',
  });
});

test('everything that was settled is passed on', () => {
  const environment = childEnvironment({
    host: 'h',
    hostAddress: '10.0.0.1',
    port: 1,
    user: 'u',
    password: 'p',
    database: 'app',
    connectTimeoutSeconds: 0,
    options: '-c geqo=off',
    tls: {
      mode: 'verify-full',
      rootCert: '/r',
      cert: '/c',
      key: '/k',
      revocationList: '/l',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      negotiation: 'direct',
      requireChannelBinding: true,
    },
  });
  expect(environment).toMatchObject({
    PGHOST: 'h',
    PGHOSTADDR: '10.0.0.1',
    PGPASSWORD: 'p',
    PGOPTIONS: '-c geqo=off',
    PGCONNECT_TIMEOUT: '0',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: '/r',
    PGSSLCERT: '/c',
    PGSSLKEY: '/k',
    PGSSLCRL: '/l',
    PGSSLMINPROTOCOLVERSION: 'TLSv1.2',
    PGSSLMAXPROTOCOLVERSION: 'TLSv1.3',
    PGSSLNEGOTIATION: 'direct',
    PGCHANNELBINDING: 'require',
  });
  expect(Object.keys(environment)).not.toContain('PGDATABASE');
});
