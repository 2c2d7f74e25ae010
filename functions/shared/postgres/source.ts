/** libpq's sslmode. */
export const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof tlsModes)[number];

/** One server, one role, all settled: what psql would have found in URL, environment, service and password files. */
export type ConnectionParameters = {
  /** Host name, address, or the absolute path of a Unix socket's directory. */
  readonly host: string;
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
  };
  readonly connectTimeoutSeconds: number;
  /** libpq's `options`: settings for the session, such as `-c geqo=off`. */
  readonly options?: string | undefined;
};

/** A server that is backed up, under the name that its backups carry. */
export type Source = {
  readonly name: string;
  /** Asked anew before every database: an IAM token is good for 15 minutes only. */
  readonly resolve: () => Promise<ConnectionParameters>;
};

/** `host:port` or the socket's path, for messages; never a secret. */
export function describeServer({ host, port }: ConnectionParameters): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
