import { type ToolPlaceOptions, toolPlaces } from './places.ts';
import { probeTools } from './probe.ts';
import type { ClientProgram, FoundTools, RejectedTools, ServerProgram, ToolSearch } from './tools.ts';

export type FindToolsOptions = ToolPlaceOptions & { readonly signal?: AbortSignal | undefined };

const clientPrograms: readonly ClientProgram[] = ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'];
const serverPrograms: readonly ServerProgram[] = ['postgres', 'initdb'];

/** The client programs of every version on this machine, each once, in the order of places. */
export function findTools(options: FindToolsOptions = {}): Promise<ToolSearch> {
  return search(clientPrograms, options);
}

/** The server programs of every version on this machine, each once, in the order of places. */
export function findServerTools(options: FindToolsOptions = {}): Promise<ToolSearch> {
  return search(serverPrograms, options);
}

async function search(programs: readonly string[], options: FindToolsOptions): Promise<ToolSearch> {
  const candidates = await toolPlaces(options);
  const results = await Promise.all(candidates.map((one) => probeTools(one, programs, options.signal)));

  const found: FoundTools[] = [];
  const rejected: RejectedTools[] = [];
  const seen = new Set<string>();
  for (const result of results) {
    switch (result.status) {
      case 'found':
        // /bin is a link to /usr/bin on most systems, and PGPROOF_PG_BIN is often on PATH too.
        if (!seen.has(result.realPath)) found.push(result.tools);
        seen.add(result.realPath);
        break;
      case 'rejected':
        rejected.push(result.rejected);
        break;
      case 'absent':
        break;
    }
  }
  return { found, rejected };
}
