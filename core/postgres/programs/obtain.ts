import { PgproofError } from '../../errors.ts';
import { type FindToolsOptions, findServerTools, findTools } from './find.ts';
import {
  chooseTools,
  type FoundTools,
  NoMatchingTools,
  NoServerTools,
  type PostgresTools,
  type ToolSearch,
} from './tools.ts';

/**
 * Brings programs that the machine does not have: of the given major, or of the nearest newer one that exists.
 * Resolves to false where this machine has no way to fetch any.
 *
 * @throws PgproofError where fetching is possible, and failed
 */
export type FetchPrograms = (
  kind: 'client' | 'server',
  major: number,
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<boolean>;

/** Where programs are looked for, and where they come from when there are none. */
export type ObtainOptions = FindToolsOptions & {
  /** Default: nothing is fetched, as in Lambda, where a layer holds all there is. */
  readonly fetch?: FetchPrograms | undefined;
};

const fetchesNothing: FetchPrograms = async () => false;

export type ObtainToolsOptions = ObtainOptions & { readonly serverMajor: number };

/**
 * The client programs for a server of this major: found on the machine, else fetched where that can be.
 *
 * @throws NoMatchingTools, which also says why fetching failed
 */
export async function obtainTools(options: ObtainToolsOptions): Promise<FoundTools> {
  const { serverMajor, fetch = fetchesNothing } = options;
  const search = await findTools(options);
  if (hasAtLeast(search, serverMajor)) return chooseTools(search, serverMajor);
  try {
    await fetch('client', serverMajor, options);
  } catch (error: unknown) {
    if (error instanceof PgproofError) throw new NoMatchingTools(search, serverMajor, { cause: error });
    throw error;
  }
  return chooseTools(await findTools(options), serverMajor);
}

export type ObtainServerToolsOptions = ObtainOptions & { readonly major?: number | undefined };

/** What is fetched for a server of no particular version. */
const defaultServerMajor = 17;

/**
 * The programs to run a server of exactly this major; without one, of the newest that is on the machine. Fetched
 * where there is none and that can be.
 *
 * @throws NoServerTools, and what `fetch` throws
 */
export async function obtainServerTools(options: ObtainServerToolsOptions = {}): Promise<FoundTools> {
  const { major, fetch = fetchesNothing } = options;
  const search = await findServerTools(options);
  const here = chooseServer(search, major);
  if (here !== undefined) return here;
  if (!(await fetch('server', major ?? defaultServerMajor, options))) throw new NoServerTools(search, major);
  const searchAgain = await findServerTools(options);
  const fetched = chooseServer(searchAgain, major);
  if (fetched === undefined) throw new NoServerTools(searchAgain, major);
  return fetched;
}

export type ObtainVerificationToolsOptions = ObtainOptions & { readonly major: number };

export type VerificationTools = {
  readonly server: FoundTools;
  /** Of the server's own major: a newer pg_restore writes settings that an older server does not know. */
  readonly client: FoundTools;
};

/**
 * The programs to restore a backup of a server of this major and to dump what was restored: of the same major, on
 * the machine or fetched where that can be, else of the nearest newer one.
 *
 * @throws NoServerTools, which also says why fetching failed
 */
export async function obtainVerificationTools(
  options: ObtainVerificationToolsOptions,
): Promise<VerificationTools> {
  const { major, fetch = fetchesNothing, signal } = options;
  const here = await pairsOf(options);
  const exact = here.pairs.find(({ server }) => server.major === major);
  if (exact !== undefined) return exact;
  let fetching: unknown;
  let now = here;
  try {
    if (await fetch('server', major, options)) now = await pairsOf(options);
  } catch (error: unknown) {
    signal?.throwIfAborted();
    if (!(error instanceof PgproofError)) throw error;
    fetching = error;
  }
  const usable = now.pairs.filter(({ server }) => server.major >= major);
  const nearest = Math.min(...usable.map(({ server }) => server.major));
  const chosen = usable.find(({ server }) => server.major === nearest);
  if (chosen === undefined) throw new NoServerTools(now.servers, major, { cause: fetching });
  return chosen;
}

/** Every server on the machine that has client programs of its major, its own before others. */
async function pairsOf(
  options: FindToolsOptions,
): Promise<{ readonly servers: ToolSearch; readonly pairs: readonly VerificationTools[] }> {
  const [servers, clients] = await Promise.all([findServerTools(options), findTools(options)]);
  const pairs = servers.found.flatMap((server) => {
    const fitting = clients.found.filter(({ major }) => major === server.major);
    const client = fitting.find(({ directory }) => directory === server.directory) ?? fitting[0];
    return client === undefined ? [] : [{ server, client }];
  });
  const alone = servers.found.filter((server) => !pairs.some((pair) => pair.server === server));
  const rejected = alone.map(({ directory, place, major }) => ({
    directory,
    place,
    reason: `no pg_dump, pg_restore and psql of PostgreSQL ${major}`,
  }));
  const found = pairs.map(({ server }) => server);
  return { servers: { found, rejected: [...servers.rejected, ...rejected] }, pairs };
}

function chooseServer({ found }: ToolSearch, major: number | undefined): FoundTools | undefined {
  const wanted = major ?? Math.max(...found.map((tools) => tools.major));
  return found.find((tools) => tools.major === wanted);
}

function hasAtLeast({ found }: ToolSearch, major: number): boolean {
  return found.some((tools) => tools.major >= major);
}

/** Looks for the programs of a major once in a run: every look asks each program on the machine for its version. */
export function rememberTools<Tools extends PostgresTools>(
  look: (serverMajor: number) => Promise<Tools>,
): (serverMajor: number) => Promise<Tools> {
  const known = new Map<number, Promise<Tools>>();
  return (serverMajor) => {
    const found = known.get(serverMajor) ?? look(serverMajor);
    known.set(serverMajor, found);
    return found;
  };
}
