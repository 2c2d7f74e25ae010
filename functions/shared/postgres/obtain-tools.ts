import { PgproofError } from '../errors.ts';
import { canFetchTools, type FetchOptions, fetchTools } from './fetch-tools.ts';
import { type FindToolsOptions, findServerTools, findTools } from './find-tools.ts';
import { NoServerTools } from './no-server-tools.ts';
import { chooseTools, type FoundTools, NoMatchingTools, type ToolSearch } from './tools.ts';

export type ObtainToolsOptions = FetchOptions & FindToolsOptions & { readonly serverMajor: number };

/**
 * The client programs for a server of this major: found on the machine, else fetched where the distribution offers
 * them (see {@link canFetchTools}).
 *
 * @throws NoMatchingTools, which also says why fetching failed
 */
export async function obtainTools(options: ObtainToolsOptions): Promise<FoundTools> {
  const { serverMajor, env } = options;
  const search = await findTools(options);
  if (hasAtLeast(search, serverMajor) || !(await canFetchTools(env))) return chooseTools(search, serverMajor);
  try {
    await fetchTools('client', serverMajor, options);
  } catch (error: unknown) {
    if (error instanceof PgproofError) throw new NoMatchingTools(search, serverMajor, { cause: error });
    throw error;
  }
  return chooseTools(await findTools(options), serverMajor);
}

export type ObtainServerToolsOptions = FetchOptions &
  FindToolsOptions & { readonly major?: number | undefined };

/** What is fetched for a server of no particular version. */
const defaultServerMajor = 17;

/**
 * The programs to run a server of exactly this major; without one, of the newest that is on the machine. Fetched
 * where there is none and the distribution offers it.
 *
 * @throws NoServerTools, LayerBuildError
 */
export async function obtainServerTools(options: ObtainServerToolsOptions = {}): Promise<FoundTools> {
  const { major, env } = options;
  const search = await findServerTools(options);
  const here = chooseServer(search, major);
  if (here !== undefined) return here;
  if (!(await canFetchTools(env))) throw new NoServerTools(search, major);
  await fetchTools('server', major ?? defaultServerMajor, options);
  const searchAgain = await findServerTools(options);
  const fetched = chooseServer(searchAgain, major);
  if (fetched === undefined) throw new NoServerTools(searchAgain, major);
  return fetched;
}

function chooseServer({ found }: ToolSearch, major: number | undefined): FoundTools | undefined {
  const wanted = major ?? Math.max(...found.map((tools) => tools.major));
  return found.find((tools) => tools.major === wanted);
}

function hasAtLeast({ found }: ToolSearch, major: number): boolean {
  return found.some((tools) => tools.major >= major);
}
