import { join } from 'node:path';
import type { InventoryCache } from '../core/inventory/cache.ts';
import { openFileCache } from '../core/inventory/file-cache.ts';
import { type FindToolsOptions, findTools } from '../core/postgres/programs/find.ts';
import {
  type FetchPrograms,
  obtainServerTools,
  obtainTools,
  obtainVerificationTools,
  rememberTools,
  type VerificationTools,
} from '../core/postgres/programs/obtain.ts';
import { type FoundTools, toolPath } from '../core/postgres/programs/tools.ts';
import { cacheHome } from '../layers/postgres/build-root.ts';
import { builtLayers, canFetchTools, fetchTools } from '../layers/postgres/fetch-programs.ts';

/** PostgreSQL's programs for a command: on the machine, else fetched where its distribution offers them. */
export type Programs = {
  /** pg_dump and its like, for a server of that major. @throws NoMatchingTools */
  readonly tools: (serverMajor: number) => Promise<FoundTools>;
  /** What level `restore` needs. @throws NoServerTools */
  readonly verificationTools: (major: number) => Promise<VerificationTools>;
  /** A server of that major, else of the newest that there is. @throws NoServerTools, LayerBuildError */
  readonly serverTools: (major?: number) => Promise<FoundTools>;
};

/** Looks for nothing yet. `onProgress` hears one line of text per step of fetching. */
export function machinePrograms(run: {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}): Programs {
  const options = { ...machinePlaces(), signal: run.signal, fetch: fetcher(run.onProgress) };
  return {
    tools: rememberTools((serverMajor) => obtainTools({ ...options, serverMajor })),
    verificationTools: (major) => obtainVerificationTools({ ...options, major }),
    serverTools: (major) => obtainServerTools({ ...options, major }),
  };
}

/**
 * The psql for a person to use: the one on PATH where it is not older than these programs, for it knows the user's history
 * and keys; else theirs.
 */
export async function psqlFor(client: FoundTools, signal: AbortSignal): Promise<string> {
  const { found } = await findTools({ ...machinePlaces(), signal });
  const own = found.find(({ place, major }) => place === 'PATH' && major >= client.major);
  return toolPath(own ?? client, 'psql');
}

/** The programs that are on the machine, where none are to be fetched, and whether they would be otherwise. */
export async function programsHere(signal: AbortSignal): Promise<{
  readonly tools: (serverMajor: number) => Promise<FoundTools>;
  readonly fetchesTools: boolean;
}> {
  return {
    tools: (serverMajor) => obtainTools({ ...machinePlaces(), signal, serverMajor }),
    fetchesTools: await canFetchTools(),
  };
}

/** Where a command looks for programs: in every usual place, and in the layers that were built on this machine. */
export function machinePlaces(): FindToolsOptions {
  return { builtLayers: builtLayers(process.env) };
}

/** What is remembered on this machine of the documents of a store. */
export async function machineCache(storeUrl: string): Promise<InventoryCache> {
  return await openFileCache(join(cacheHome(), 'pgproof', 'inventory'), storeUrl);
}

function fetcher(onProgress: ((line: string) => void) | undefined): FetchPrograms {
  return async (kind, major, { signal }) => {
    if (!(await canFetchTools())) return false;
    await fetchTools(kind, major, { onProgress, signal });
    return true;
  };
}
