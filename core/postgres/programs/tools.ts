import { join } from 'node:path';
import { PgproofError } from '../../errors.ts';

/** The programs of one PostgreSQL version, as found on this machine. */
export type PostgresTools = {
  /** `17.11`, as the program says. */
  readonly version: string;
  readonly major: number;
  /** Absolute path of the directory that holds pg_dump, pg_restore, pg_dumpall, psql. */
  readonly directory: string;
};

export type ClientProgram = 'pg_dump' | 'pg_restore' | 'pg_dumpall' | 'psql';
export type ServerProgram = 'postgres' | 'initdb';

/** Where programs are looked for; the first place that has a fitting version wins. */
export type ToolPlace = 'layer' | 'built' | 'PGPROOF_PG_BIN' | 'PATH' | 'Debian' | 'Homebrew';

export type FoundTools = PostgresTools & { readonly place: ToolPlace };

/** A directory with PostgreSQL programs that cannot be used. */
export type RejectedTools = {
  readonly directory: string;
  readonly place: ToolPlace;
  readonly reason: string;
};

export type ToolSearch = {
  /** In the order of places. */
  readonly found: readonly FoundTools[];
  readonly rejected: readonly RejectedTools[];
};

export function toolPath(tools: PostgresTools, program: ClientProgram | ServerProgram): string {
  return join(tools.directory, program);
}

/**
 * The programs for a server: those of its own major, else of the nearest newer one; pg_dump refuses servers that
 * are newer than itself, and the newer it is, the more it writes that this server does not know.
 *
 * @throws NoMatchingTools
 */
export function chooseTools(search: ToolSearch, serverMajor: number): FoundTools {
  const usable = search.found.filter(({ major }) => major >= serverMajor);
  const nearest = Math.min(...usable.map(({ major }) => major));
  const chosen = usable.find(({ major }) => major === nearest);
  if (chosen === undefined) throw new NoMatchingTools(search, serverMajor);
  return chosen;
}

/** No pg_dump on this machine can read this server. */
export class NoMatchingTools extends PgproofError {
  override readonly name = 'NoMatchingTools';

  constructor({ found, rejected }: ToolSearch, serverMajor: number, options?: ErrorOptions) {
    const versions = found.map(({ version, directory }) => `${version} in ${directory}`);
    const broken = rejected.map(({ directory, reason }) => `${directory} (${reason})`);
    const fetching =
      options?.cause instanceof PgproofError ? `; fetching them failed: ${options.cause.message}` : '';
    const usable = versions.length === 0 ? 'none was found' : `found ${versions.join(', ')}`;
    super(
      {
        what: `No pg_dump for a server of PostgreSQL ${serverMajor}`,
        got: `${usable}${broken.length === 0 ? '' : `; not usable: ${broken.join(', ')}`}${fetching}`,
        expected: `version ${serverMajor} or newer`,
        fix: howToGet(serverMajor),
      },
      options,
    );
  }
}

function howToGet(major: number): string {
  return (
    `On Debian and Ubuntu run npm run layers -- --major ${major} in a clone of pgproof; ` +
    `elsewhere install the client programs (postgresql-client-${major}, postgresql${major}, libpq), ` +
    'or set PGPROOF_PG_BIN to the directory that holds pg_dump.'
  );
}

/** No postgres and initdb of the version that is asked for. */
export class NoServerTools extends PgproofError {
  override readonly name = 'NoServerTools';

  constructor({ found, rejected }: ToolSearch, major: number | undefined, options?: ErrorOptions) {
    const versions = found.map(({ version, directory }) => `${version} in ${directory}`);
    const broken = rejected.map(({ directory, reason }) => `${directory} (${reason})`);
    const seen = [...versions, ...broken];
    const fetching =
      options?.cause instanceof PgproofError ? `; fetching them failed: ${options.cause.message}` : '';
    super(
      {
        what: `No server programs (postgres, initdb)${major === undefined ? '' : ` of PostgreSQL ${major}`}`,
        got: `${seen.length === 0 ? 'none was found' : seen.join(', ')}${fetching}`,
        fix:
          `On Debian and Ubuntu run npm run layers -- --server --major ${major ?? 17} in a clone of pgproof; ` +
          'elsewhere install the PostgreSQL server, or set PGPROOF_PG_BIN to the directory that holds postgres and initdb.',
      },
      options,
    );
  }
}
