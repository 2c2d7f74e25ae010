/** What the infrastructure and the function that writes the log table agree on; nothing heavy is imported here. */

export const logEnvironment = {
  /** ARN of a Secrets Manager secret in RDS's JSON form (username, password, host, port, dbname). Required. */
  secretArn: 'PGPROOF_SECRET_ARN',
  /** Host name; overrides the secret's. */
  host: 'PGPROOF_HOST',
  /** Port; overrides the secret's. Default 5432. */
  port: 'PGPROOF_PORT',
  /** The database with the table; overrides the secret's dbname. Default `postgres`. */
  database: 'PGPROOF_LOG_DATABASE',
  /** libpq's sslmode. Default `verify-full` for RDS hosts and with authorities of its own, else `require`. */
  sslMode: 'PGPROOF_SSLMODE',
  /** Path of a PEM file with the authorities to trust. Default for RDS hosts: AWS's own. */
  rootCert: 'PGPROOF_SSLROOTCERT',
  /** The table's schema. Default `public`. */
  schema: 'PGPROOF_LOG_SCHEMA',
  /** The table. Default `backup_log`. */
  table: 'PGPROOF_LOG_TABLE',
} as const;

/** How long the function may take: two attempts, each with its secret and its connection. */
export const logTimeoutSeconds = 60;

/** How long a backup function can live: what began earlier and is still `running` was killed. */
export const killedAfterSeconds = 900;
