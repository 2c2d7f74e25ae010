/**
 * What libpq 18 knows (the manual's "Parameter Key Words" and "Environment Variables"), and what becomes of it
 * here. `used`: honoured. `ignored`: harmless to leave out. `refused`: neither node-postgres nor an explicit
 * environment for pg_dump can keep its promise, so it is an error rather than a silently weaker connection;
 * `harmless` lists the values that promise nothing.
 */
export type KeywordRule =
  | { readonly treatment: 'used' | 'ignored'; readonly env?: string }
  | {
      readonly treatment: 'refused';
      readonly env?: string;
      readonly harmless: readonly string[];
      readonly fix: string;
    };

const authenticationFix =
  'pgproof authenticates with a password or a client certificate; leave this parameter out.';

const rules = {
  host: { treatment: 'used', env: 'PGHOST' },
  hostaddr: { treatment: 'used', env: 'PGHOSTADDR' },
  port: { treatment: 'used', env: 'PGPORT' },
  dbname: { treatment: 'used', env: 'PGDATABASE' },
  user: { treatment: 'used', env: 'PGUSER' },
  password: { treatment: 'used', env: 'PGPASSWORD' },
  passfile: { treatment: 'used', env: 'PGPASSFILE' },
  service: { treatment: 'used', env: 'PGSERVICE' },
  servicefile: { treatment: 'used', env: 'PGSERVICEFILE' },
  connect_timeout: { treatment: 'used', env: 'PGCONNECT_TIMEOUT' },
  options: { treatment: 'used', env: 'PGOPTIONS' },
  sslmode: { treatment: 'used', env: 'PGSSLMODE' },
  sslnegotiation: { treatment: 'used', env: 'PGSSLNEGOTIATION' },
  sslrootcert: { treatment: 'used', env: 'PGSSLROOTCERT' },
  sslcert: { treatment: 'used', env: 'PGSSLCERT' },
  sslkey: { treatment: 'used', env: 'PGSSLKEY' },
  sslcrl: { treatment: 'used', env: 'PGSSLCRL' },
  ssl_min_protocol_version: { treatment: 'used', env: 'PGSSLMINPROTOCOLVERSION' },
  ssl_max_protocol_version: { treatment: 'used', env: 'PGSSLMAXPROTOCOLVERSION' },
  channel_binding: { treatment: 'used', env: 'PGCHANNELBINDING' },
  target_session_attrs: { treatment: 'used', env: 'PGTARGETSESSIONATTRS' },

  // pgproof sets its own, and reads text as UTF-8 whatever the user's programs prefer.
  application_name: { treatment: 'ignored', env: 'PGAPPNAME' },
  fallback_application_name: { treatment: 'ignored' },
  client_encoding: { treatment: 'ignored', env: 'PGCLIENTENCODING' },
  keepalives: { treatment: 'ignored' },
  keepalives_idle: { treatment: 'ignored' },
  keepalives_interval: { treatment: 'ignored' },
  keepalives_count: { treatment: 'ignored' },
  tcp_user_timeout: { treatment: 'ignored' },
  load_balance_hosts: { treatment: 'ignored', env: 'PGLOADBALANCEHOSTS' },
  sslcompression: { treatment: 'ignored', env: 'PGSSLCOMPRESSION' },
  sslsni: { treatment: 'ignored', env: 'PGSSLSNI' },
  sslkeylogfile: { treatment: 'ignored' },
  gsslib: { treatment: 'ignored', env: 'PGGSSLIB' },
  gssdelegation: { treatment: 'ignored', env: 'PGGSSDELEGATION' },
  min_protocol_version: { treatment: 'ignored', env: 'PGMINPROTOCOLVERSION' },
  max_protocol_version: { treatment: 'ignored', env: 'PGMAXPROTOCOLVERSION' },

  gssencmode: {
    treatment: 'refused',
    env: 'PGGSSENCMODE',
    harmless: ['', 'disable', 'prefer'],
    fix: 'pgproof cannot encrypt with GSSAPI; use TLS (sslmode=verify-full).',
  },
  krbsrvname: { treatment: 'refused', env: 'PGKRBSRVNAME', harmless: [''], fix: authenticationFix },
  requirepeer: {
    treatment: 'refused',
    env: 'PGREQUIREPEER',
    harmless: [''],
    fix: 'Leave it out; protect the directory of the Unix socket instead.',
  },
  require_auth: { treatment: 'refused', env: 'PGREQUIREAUTH', harmless: [''], fix: authenticationFix },
  sslcertmode: {
    treatment: 'refused',
    env: 'PGSSLCERTMODE',
    harmless: ['', 'allow'],
    fix: 'Leave it out; a client certificate is sent if there is one and the server asks.',
  },
  sslcrldir: {
    treatment: 'refused',
    env: 'PGSSLCRLDIR',
    harmless: [''],
    fix: 'Put the revocation lists into one PEM file and name it with sslcrl.',
  },
  // There is no environment variable for it, and pg_dump's arguments are visible to every user of the machine.
  sslpassword: {
    treatment: 'refused',
    harmless: [''],
    fix: 'Give sslkey a key file without a passphrase, readable by its owner only (0600).',
  },
  replication: {
    treatment: 'refused',
    harmless: ['', 'false', 'off', 'no', '0'],
    fix: 'pg_dump needs an ordinary connection; leave it out.',
  },
  scram_client_key: { treatment: 'refused', harmless: [''], fix: authenticationFix },
  scram_server_key: { treatment: 'refused', harmless: [''], fix: authenticationFix },
  oauth_issuer: { treatment: 'refused', harmless: [''], fix: authenticationFix },
  oauth_client_id: { treatment: 'refused', harmless: [''], fix: authenticationFix },
  oauth_client_secret: { treatment: 'refused', harmless: [''], fix: authenticationFix },
  oauth_scope: { treatment: 'refused', harmless: [''], fix: authenticationFix },
} as const satisfies Record<string, KeywordRule>;

export type Keyword = keyof typeof rules;

/** Settings by libpq's keyword, as one place (text, service file, environment) gave them. */
export type Settings = { readonly [K in Keyword]?: string | undefined };

export const keywordRules: Readonly<Record<Keyword, KeywordRule>> = rules;

export function isKeyword(name: string): name is Keyword {
  return Object.hasOwn(rules, name);
}

export const keywords: readonly Keyword[] = Object.keys(rules).filter(isKeyword);
