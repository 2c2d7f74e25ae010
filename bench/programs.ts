import type { Programs } from '../cli/programs.ts';
import type { VerificationTools } from '../core/postgres/programs/obtain.ts';
import { type FoundTools, NoServerTools } from '../core/postgres/programs/tools.ts';

/** Each may lie in a directory of its own. */
export type BenchPrograms = {
  /** postgres and initdb, for the database that is dumped. */
  readonly server: FoundTools;
  /** pg_dump for it. */
  readonly client: FoundTools;
  /** For a server to restore into, and pg_restore and psql of its major; or why this machine has none. */
  readonly proof: VerificationTools | NoServerTools;
};

/**
 * The programs as `npm start` takes them. A machine without a server that backups can be restored into backs up all
 * the same.
 *
 * @throws NoServerTools, NoMatchingTools, LayerBuildError
 */
export async function benchPrograms(programs: Programs): Promise<BenchPrograms> {
  const server = await programs.serverTools();
  const client = await programs.tools(server.major);
  const proof = await programs.verificationTools(server.major).catch((error: unknown) => {
    if (error instanceof NoServerTools) return error;
    throw error;
  });
  return { server, client, proof };
}
