import type { ConnectionParameters } from '../core/postgres/connect/parameters.ts';
import { resolveConnection } from '../core/postgres/libpq/resolve-connection.ts';
import { urlSource } from '../core/source/url-source.ts';
import { home } from './home.ts';
import { tell } from './output/edge.ts';

export type Target = {
  /** Where to connect to, and the database that was named; `own` where none was. */
  readonly resolve: (
    own: string,
  ) => Promise<{ readonly parameters: ConnectionParameters; readonly database: string }>;
};

/** The server that `--to` or libpq's environment names. @throws UsageError */
export function targetFrom(text: string | undefined): Target {
  const warn = (line: string): void => tell(process.stderr, [line]);
  const context = { env: process.env, home: home(), warn };
  // A URL that cannot be read is told before anything is looked for.
  resolveConnection(text, { ...context, warn: () => undefined });
  const source = urlSource({ name: 'target', text, ...context });
  return {
    resolve: async (own) => {
      const parameters = await source.resolve();
      return { parameters, database: isNamed(text, parameters) ? parameters.database : own };
    },
  };
}

/** libpq takes the role's name where no database is named, which is hardly ever meant for a restore. */
function isNamed(text: string | undefined, { database, user }: ConnectionParameters): boolean {
  if (database !== user || process.env.PGDATABASE) return true;
  return text !== undefined && (/\bdbname\s*=/.test(text) || /^\w+:\/\/[^/]*\/[^?]/.test(text));
}
