import { UsageError } from '../../errors.ts';
import { tlsModes } from '../../vocabulary.ts';
import { type ConnectionParameters, tlsVersions } from '../connect/parameters.ts';
import { rdsRootCertFile } from '../connect/rds-certificates.ts';
import { isRdsHost } from '../connect/rds-hosts.ts';
import type { Keyword, Settings } from './keywords.ts';
import type { LocalFiles } from './local-files.ts';

type Surroundings = {
  readonly home: string | undefined;
  readonly files: LocalFiles;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * TLS for one host: what was set, then the default files in ~/.postgresql, then libpq's defaults. Hosts of RDS
 * are verified in full against AWS's bundle unless the user says otherwise.
 * @throws UsageError
 */
export function tlsSettings(
  settings: Settings,
  host: string,
  around: Surroundings,
): ConnectionParameters['tls'] {
  const given = (keyword: Keyword, file: string): string | undefined => {
    if (settings[keyword] !== undefined && settings[keyword] !== '') return settings[keyword];
    const path = `${around.home}/.postgresql/${file}`;
    return around.home !== undefined && around.files.stat(path) !== undefined ? path : undefined;
  };
  const asked = oneOf(settings, 'sslmode', tlsModes);
  const isSystem = settings.sslrootcert === 'system';
  const isRds = isRdsHost(host);
  const mode = asked ?? (isSystem || isRds ? 'verify-full' : 'prefer');
  if (isSystem && mode !== 'verify-full') {
    // As libpq: a public authority gives certificates to everyone, so the name must be checked.
    throw weak(`sslmode=${mode} with sslrootcert=system`, 'sslmode=verify-full', 'Set sslmode=verify-full.');
  }
  const negotiation = oneOf(settings, 'sslnegotiation', ['postgres', 'direct'] as const);
  if (negotiation === 'direct' && ['disable', 'allow', 'prefer'].includes(mode)) {
    throw weak(
      `sslmode=${mode} with sslnegotiation=direct`,
      'sslmode=require or stronger',
      'Set sslmode=verify-full.',
    );
  }
  const binding = oneOf(settings, 'channel_binding', ['disable', 'prefer', 'require'] as const);
  const usesBundle = isRds && mode.startsWith('verify-') && !settings.sslrootcert;
  const rootCert = usesBundle ? rdsRootCertFile() : given('sslrootcert', 'root.crt');
  return {
    mode,
    rootCert: isSystem ? systemAuthorities(around) : rootCert,
    cert: given('sslcert', 'postgresql.crt'),
    key: given('sslkey', 'postgresql.key'),
    revocationList: usesBundle ? settings.sslcrl || undefined : given('sslcrl', 'root.crl'),
    minVersion: oneOf(settings, 'ssl_min_protocol_version', tlsVersions),
    maxVersion: oneOf(settings, 'ssl_max_protocol_version', tlsVersions),
    negotiation,
    requireChannelBinding: binding === 'require' ? true : undefined,
  };
}

/**
 * `system` means OpenSSL's default place to libpq, since PostgreSQL 16 only, and Mozilla's list inside node to
 * node. Naming the system's own file makes both trust the same, with older programs too.
 */
function systemAuthorities({ env, files }: Surroundings): string {
  const places = [
    env.SSL_CERT_FILE ?? '',
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/ssl/cert.pem',
  ];
  return places.find((path) => path !== '' && files.stat(path)?.isFile === true) ?? 'system';
}

/** @throws UsageError for a value that libpq does not know */
export function oneOf<T extends string>(
  settings: Settings,
  keyword: Keyword,
  allowed: readonly T[],
): T | undefined {
  const value = settings[keyword];
  if (value === undefined || value === '') return undefined;
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError({
    what: `The connection's ${keyword} has a value that libpq does not know`,
    expected: allowed.join(', '),
    fix: 'Correct it in the URL, the service file or the environment.',
  });
}

function weak(got: string, expected: string, fix: string): UsageError {
  return new UsageError({ what: 'These TLS settings contradict each other', got, expected, fix });
}
