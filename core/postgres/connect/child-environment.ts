import type { ConnectionParameters } from './parameters.ts';

/**
 * The whole environment of pg_dump, pg_dumpall, pg_restore and psql, so that they reach the server as
 * `connect` did and find nothing else to read: no service file, no password file, no ~/.postgresql, no ~/.psqlrc.
 * The database is not in it; it goes to the program as `--dbname` (see quoteConninfo).
 *
 * `sslrootcert=system` is passed on where no file of the system's authorities was found; libpq knows it since
 * PostgreSQL 16, an older one looks for a file of that name and fails, saying so.
 *
 * @param encoding in which the program and the server speak, whatever role and database have set: a session in one
 *   that the database's cannot be converted into is refused, and a name that it has no letters for cannot be read
 */
export function childEnvironment(
  parameters: ConnectionParameters,
  encoding?: string,
): Record<string, string> {
  const { tls, password, options, hostAddress } = parameters;
  return {
    // libpq ignores a password file that is not there, but warns of one that is no plain file (/dev/null).
    PGPASSFILE: '/nonexistent/pgpass',
    HOME: '/nonexistent',
    PATH: '/usr/bin:/bin',
    // Their messages are read by operators and in part by pgproof: English wherever it runs.
    LC_ALL: 'C',
    // An archive holds the local time at which it was made, without a time zone. libpq does not tell the server of
    // this one (that would be PGTZ).
    TZ: 'UTC',
    PGAPPNAME: 'pgproof',
    PGHOST: parameters.host,
    PGPORT: String(parameters.port),
    PGUSER: parameters.user,
    PGSSLMODE: tls.mode,
    // node-postgres has no GSSAPI encryption; libpq would try it first where it finds a ticket.
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: String(parameters.connectTimeoutSeconds),
    ...present({
      PGHOSTADDR: hostAddress,
      PGPASSWORD: password,
      PGOPTIONS: options,
      PGCLIENTENCODING: encoding,
      PGSSLROOTCERT: tls.rootCert,
      PGSSLCERT: tls.cert,
      PGSSLKEY: tls.key,
      PGSSLCRL: tls.revocationList,
      PGSSLMINPROTOCOLVERSION: tls.minVersion,
      PGSSLMAXPROTOCOLVERSION: tls.maxVersion,
      PGSSLNEGOTIATION: tls.negotiation,
      PGCHANNELBINDING: tls.requireChannelBinding ? 'require' : undefined,
    }),
  };
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') kept[name] = value;
  }
  return kept;
}
