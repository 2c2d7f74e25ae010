import { PgproofError } from '../errors.ts';
import type { ToolSearch } from './tools.ts';

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
