import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundTools } from '../programs/tools.ts';

type Preload = {
  /** As its documentation lists it for shared_preload_libraries. */
  readonly library: string;
  /** Further settings, for a server that only restores: nothing is to begin to work by itself in it. */
  readonly settings?: (database: string) => Readonly<Record<string, string>>;
};

/**
 * Extensions that cannot be made, or looked into by a view, in a server that has not loaded their library at its start.
 * In the order in which they are to be loaded. Sources: what each one's manual says of shared_preload_libraries.
 */
const preloads: ReadonlyMap<string, Preload> = new Map<string, Preload>([
  // README, "Installing": "must be preloaded", first of all.
  [
    'timescaledb',
    {
      library: 'timescaledb',
      settings: () => ({ 'timescaledb.max_background_workers': '0', 'timescaledb.telemetry_level': 'off' }),
    },
  ],
  // The manual, F.32: "must be loaded by adding pg_stat_statements to shared_preload_libraries".
  ['pg_stat_statements', { library: 'pg_stat_statements' }],
  // README, "Configuration": after pg_stat_statements.
  ['pg_stat_kcache', { library: 'pg_stat_kcache' }],
  // README, "Installation".
  ['pg_wait_sampling', { library: 'pg_wait_sampling' }],
  ['pg_qualstats', { library: 'pg_qualstats' }],
  // README, "Compile and Install": the extension makes event triggers that look for the library's settings.
  ['pgaudit', { library: 'pgaudit' }],
  // README, "Setting up pg_cron": preloaded, and in one database of the server only. Its jobs are the source's and
  // would be started here: launch_active_jobs came with 1.5, and before that a job needs a host to connect to.
  [
    'pg_cron',
    {
      library: 'pg_cron',
      settings: (database) => ({
        'cron.database_name': database,
        'cron.launch_active_jobs': 'off',
        'cron.use_background_workers': 'off',
        'cron.host': '/nonexistent',
        'cron.log_run': 'off',
      }),
    },
  ],
]);

/** Settings of a server in which these extensions are to be made; none where it has not their libraries. */
export function preloadSettings(
  { extensions, database }: { readonly extensions: readonly string[]; readonly database: string },
  libraries: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const wanted = [...preloads].filter(
    ([name, { library }]) => extensions.includes(name) && libraries.has(library),
  );
  if (wanted.length === 0) return {};
  return Object.assign(
    { shared_preload_libraries: wanted.map(([, { library }]) => library).join(',') },
    ...wanted.map(([, { settings }]) => settings?.(database) ?? {}),
  );
}

/** Beside the programs, as Debian has it and as `configure --prefix` does. */
const places = ['../lib', '../lib/postgresql', '../lib64', '../lib64/pgsql'];

/** What these programs can load, without `.so`. */
export async function librariesOf({ directory }: Pick<FoundTools, 'directory'>): Promise<Set<string>> {
  const found = await Promise.all(
    places.map((place) => readdir(join(directory, place)).catch((): string[] => [])),
  );
  return new Set(found.flat().flatMap((name) => /^(.+)\.(?:so|dylib)$/.exec(name)?.[1] ?? []));
}
