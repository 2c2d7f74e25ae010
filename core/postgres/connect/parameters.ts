import type { TlsMode } from '../../vocabulary.ts';

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** libpq's target_session_attrs. */
export const targetSessions = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type TargetSession = (typeof targetSessions)[number];

/** One server, one role, all settled: what psql would have found in URL, environment, service and password files. */
export type ConnectionParameters = {
  /** Host name, address, or the absolute path of a Unix socket's directory. */
  readonly host: string;
  /** libpq's hostaddr: where to connect to instead of looking `host` up, which still is the name on the certificate. */
  readonly hostAddress?: string | undefined;
  readonly port: number;
  readonly user: string;
  readonly password?: string | undefined;
  /** The database that was named, or the default one. */
  readonly database: string;
  readonly tls: {
    readonly mode: TlsMode;
    /** Path of a PEM file with the authorities to trust, or `system`. */
    readonly rootCert?: string | undefined;
    /** Paths of the client's certificate and key. */
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly keyPassword?: string | undefined;
    /** Path of a PEM file with revoked certificates. */
    readonly revocationList?: string | undefined;
    readonly minVersion?: TlsVersion | undefined;
    readonly maxVersion?: TlsVersion | undefined;
    /** libpq's sslnegotiation. Default `postgres`. */
    readonly negotiation?: 'postgres' | 'direct' | undefined;
    /** Refuse a server that cannot prove, by SCRAM, that it holds the certificate it showed. */
    readonly requireChannelBinding?: boolean | undefined;
  };
  /** 0: no limit, as in libpq. */
  readonly connectTimeoutSeconds: number;
  /** libpq's `options`: settings for the session, such as `-c geqo=off`. */
  readonly options?: string | undefined;
  /** libpq's target_session_attrs: which server of a list of hosts will do. Default `any`. */
  readonly targetSession?: TargetSession | undefined;
};

/** `host:port` or the socket's path, for messages; never a secret. */
export function describeServer({ host, port }: Pick<ConnectionParameters, 'host' | 'port'>): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
