import { startChild } from '../../process/run-child.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';

const known = new Map<string, boolean>();

/**
 * Whether this pg_dump was built with zstd. It has no option that tells; but it reads `--compress` before it
 * connects, so a call that cannot connect fails with one message or the other.
 */
export async function hasZstd(tools: PostgresTools, signal: AbortSignal): Promise<boolean> {
  if (tools.major < 16) return false;
  const file = toolPath(tools, 'pg_dump');
  const before = known.get(file);
  if (before !== undefined) return before;
  const child = startChild({
    file,
    args: ['--compress=zstd', '--file=/dev/null', '--no-password', '--dbname=host=/nonexistent'],
    env: { LC_ALL: 'C' },
    signal,
  });
  child.stdout.resume();
  const { stderrTail } = await child.exited;
  const has = !/compress/i.test(stderrTail);
  known.set(file, has);
  return has;
}
