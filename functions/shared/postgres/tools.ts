/** The programs of one PostgreSQL version, as found on this machine. */
export type PostgresTools = {
  /** `17.11`, as the program says. */
  readonly version: string;
  readonly major: number;
  /** Absolute path of the directory that holds pg_dump, pg_restore, pg_dumpall, psql. */
  readonly directory: string;
};
