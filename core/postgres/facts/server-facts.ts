import type { Client } from 'pg';

/** What is asked of a server once, before anything is dumped. */
export type ServerFacts = {
  /** `17.11`: without the distribution's addition. */
  readonly version: string;
  /** 170011. */
  readonly versionNum: number;
  readonly major: number;
  readonly inRecovery: boolean;
  /** Whether the role may read the password hashes (pg_authid); managed services refuse. */
  readonly mayReadPasswords: boolean;
};

/** One database of a server, as the list of what to back up needs it. */
export type DatabaseFacts = {
  readonly name: string;
  /** Size on disk; 0 where the role may not know. */
  readonly bytes: number;
  readonly allowsConnections: boolean;
  readonly isTemplate: boolean;
};

export async function readServerFacts(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query<{
    version: string;
    num: string;
    recovery: boolean;
    passwords: boolean;
  }>(
    `select current_setting('server_version') as version, current_setting('server_version_num') as num,
            pg_is_in_recovery() as recovery, has_table_privilege('pg_catalog.pg_authid', 'select') as passwords`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('a select without a from clause gives one row');
  const versionNum = Number(row.num);
  return {
    version: row.version.split(' ')[0] ?? row.version,
    versionNum,
    major: Math.floor(versionNum / 10_000),
    inRecovery: row.recovery,
    mayReadPasswords: row.passwords,
  };
}

export async function listDatabases(client: Client): Promise<DatabaseFacts[]> {
  // datconnlimit -2 marks a database whose DROP was interrupted; it takes no connections (PostgreSQL 15.3 on).
  const { rows } = await client.query<{ name: string; bytes: string; allows: boolean; template: boolean }>(
    `select datname as name, datistemplate as template, datallowconn and datconnlimit <> -2 as allows,
            case when has_database_privilege(oid, 'connect') then pg_database_size(oid) else 0 end as bytes
       from pg_catalog.pg_database order by datname collate "C"`,
  );
  return rows.map(({ name, bytes, allows, template }) => ({
    name,
    bytes: Number(bytes),
    allowsConnections: allows,
    isTemplate: template,
  }));
}
