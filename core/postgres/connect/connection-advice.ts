import { messageOf } from '../../errors.ts';
import { type ConnectionParameters, describeServer } from './parameters.ts';
import { regionWithoutAuthority, whereToDownload } from './rds-hosts.ts';

/** Why no connection was made. Alarms and tests may rely on these names. */
export const connectionFailureReasons = [
  'wrong-password',
  'missing-password',
  'access-refused',
  'unknown-role',
  'unknown-host',
  'refused',
  'timeout',
  'missing-database',
  'no-connect-right',
  'database-closed',
  'too-many-connections',
  'not-ready',
  'tls-unsupported',
  'certificate-untrusted',
  'certificate-name',
  'certificate-expired',
  'certificate-file',
  'tls-failed',
  'channel-binding',
  'connection-lost',
  'wrong-session',
  'other',
] as const;
export type ConnectionFailureReason = (typeof connectionFailureReasons)[number];

export type Advice = {
  readonly reason: ConnectionFailureReason;
  readonly what: string;
  readonly fix: string;
};

/** What happened and what to do, by SQLSTATE, node's or OpenSSL's error code, or a code of open-connection.ts. */
export function adviceFor(
  parameters: ConnectionParameters,
  code: string | undefined,
  error: unknown,
): Advice {
  const server = describeServer(parameters);
  const database = JSON.stringify(parameters.database);
  const role = JSON.stringify(parameters.user);
  const routine = (error as { routine?: unknown } | null)?.routine;
  switch (code) {
    case '28P01':
      return {
        reason: 'wrong-password',
        what: `The server ${server} did not accept the password of ${role}`,
        fix: 'Correct the password (URL, PGPASSWORD, password file or secret). The server says the same of a role that does not exist.',
      };
    case '28000':
      return routine === 'ClientAuthentication'
        ? {
            reason: 'access-refused',
            what: `The server ${server} does not let ${role} in from here`,
            fix: "Add a line for this role, database and address to the server's pg_hba.conf; if it speaks of encryption, change sslmode.",
          }
        : {
            reason: 'unknown-role',
            what: `The server ${server} does not let ${role} log in`,
            fix: 'Check the name of the role, that it has LOGIN, and by which method pg_hba.conf lets it in.',
          };
    case 'PASSWORD_MISSING':
      return {
        reason: 'missing-password',
        what: `The server ${server} wants a password for ${role}, and there is none`,
        fix: 'Give it in PGPASSWORD, in a password file (~/.pgpass, mode 0600) or in the secret.',
      };
    case '3D000':
      return {
        reason: 'missing-database',
        what: `The server ${server} has no database ${database}`,
        fix: 'Correct its name (upper and lower case count), or create it.',
      };
    case '42501':
      return {
        reason: 'no-connect-right',
        what: `The role ${role} may not connect to the database ${database} of ${server}`,
        fix: `Grant it: GRANT CONNECT ON DATABASE … TO …`,
      };
    case '55000':
      return {
        reason: 'database-closed',
        what: `The database ${database} of ${server} takes no connections`,
        fix: 'Leave it out, or allow them: ALTER DATABASE … ALLOW_CONNECTIONS true.',
      };
    case '53300':
      return {
        reason: 'too-many-connections',
        what: `The server ${server} has no connection left for ${role}`,
        fix: 'End idle connections, run at another hour, or raise max_connections (or the limit of the role or database).',
      };
    case '57P01':
    case '57P02':
    case '57P03':
      return {
        reason: 'not-ready',
        what: `The server ${server} takes no connections now`,
        fix: 'Wait until it has started; if it does not, look at its log.',
      };
    default:
      return networkAdvice(parameters, code, error);
  }
}

function networkAdvice(
  { host, ...rest }: ConnectionParameters,
  code: string | undefined,
  error: unknown,
): Advice {
  const server = describeServer({ host, ...rest });
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return {
        reason: 'unknown-host',
        what: `The host ${JSON.stringify(host)} is not known to the name service`,
        fix: 'Check its spelling, and that this machine (or the VPC of the function) can resolve it.',
      };
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'EACCES':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return {
        reason: 'refused',
        what: `Nothing answers as a PostgreSQL server at ${server}`,
        fix: host.startsWith('/')
          ? 'Check that the server runs on this machine with this port and socket directory; otherwise name its host in the URL or PGHOST.'
          : 'Check host and port, that the server runs and listens there (listen_addresses), and that no firewall or security group is between.',
      };
    case 'ETIMEDOUT':
    case 'CONNECT_TIMEOUT':
      return {
        reason: 'timeout',
        what: `The server ${server} did not answer in time`,
        fix: 'Check host and port, and that firewalls, security groups and the route let this machine through; allow more with connect_timeout.',
      };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'CONNECTION_LOST':
    case '08006':
      return {
        reason: 'connection-lost',
        what: `The server ${server} ended the connection while it was being made`,
        fix: "Look at the server's log; a proxy, or something that is no PostgreSQL server, may be at this port.",
      };
    default:
      return tlsAdvice({ host, ...rest }, code, error);
  }
}

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REVOKED',
  'INVALID_CA',
]);

function tlsAdvice(parameters: ConnectionParameters, code: string | undefined, error: unknown): Advice {
  const server = describeServer(parameters);
  const { host } = parameters;
  if (code === 'TLS_UNSUPPORTED') {
    return {
      reason: 'tls-unsupported',
      what: `The server ${server} does not offer TLS, which sslmode asks for`,
      fix: 'Turn ssl on there, or accept that everything can be read on the way: sslmode=disable.',
    };
  }
  if (code === 'CHANNEL_BINDING') {
    return {
      reason: 'channel-binding',
      what: `The server ${server} cannot do the channel binding that channel_binding=require asks for`,
      fix: 'Use TLS and scram-sha-256 passwords on the server, or leave channel_binding out.',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      reason: 'certificate-name',
      what: `The certificate of ${server} is for another name than ${JSON.stringify(host)}`,
      fix: 'Connect by a name that is in the certificate, or use sslmode=verify-ca if you know why it differs.',
    };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      reason: 'certificate-expired',
      what: `The certificate of ${server} is not valid at this time`,
      fix: 'Renew it on the server; check the clock of this machine.',
    };
  }
  if (code !== undefined && untrusted.has(code)) {
    const region = regionWithoutAuthority(host, parameters.tls.rootCert);
    if (region !== undefined) {
      return {
        reason: 'certificate-untrusted',
        what: `pgproof has no authority of RDS for the region ${region}, so the certificate of ${server} cannot be verified`,
        fix: `Download the bundle of that region (${whereToDownload(region)}), and name the file: sources[].caFile in the configuration, sslrootcert or PGSSLROOTCERT for the command.`,
      };
    }
    return {
      reason: 'certificate-untrusted',
      what: `The certificate of ${server} is not signed by an authority that is trusted here`,
      fix: "Name the PEM file of the server's authority with sslrootcert (or PGSSLROOTCERT).",
    };
  }
  if (code?.startsWith('ERR_SSL') || code === 'EPROTO' || code?.startsWith('ERR_OSSL')) {
    return {
      reason: 'tls-failed',
      what: `No TLS connection could be agreed on with ${server}`,
      fix: 'Compare the TLS versions and the client certificate that both sides want; see the log of the server.',
    };
  }
  if (messageOf(error) === 'There was an error establishing an SSL connection') {
    return {
      reason: 'tls-failed',
      what: `${server} did not answer the request for TLS as PostgreSQL does`,
      fix: 'Check host and port: something else may be listening there.',
    };
  }
  return {
    reason: 'other',
    what: `No connection to the server ${server}`,
    fix: "Look at the server's log for this minute.",
  };
}
