import { chooseCompression } from '../postgres/dump/compression.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import { hasZstd } from '../postgres/dump/zstd-support.ts';
import type { Snapshot } from '../postgres/facts/snapshot.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import type { Attempt } from './attempt-context.ts';

/** How pg_dump is to be started for this attempt: the plan's wishes, as far as its version can fulfil them. */
export async function dumpOptions(
  { id, plan, signal }: Attempt,
  snapshot: Snapshot,
  tools: PostgresTools,
): Promise<DumpOptions> {
  const { compression: asked, format } = plan;
  const zstd = await hasZstd(tools, signal);
  const compression = chooseCompression({ asked, format, pgDumpMajor: tools.major, hasZstd: zstd });
  return {
    ...plan,
    database: id.database,
    encoding: snapshot.encoding,
    snapshot: snapshot.id,
    compression,
  };
}
