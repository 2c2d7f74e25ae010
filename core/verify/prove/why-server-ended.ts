import { open } from 'node:fs/promises';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';

/** A crash is told in the last lines. */
const tailBytes = 64 * 1024;

const noRoom = /No space left on device|Disk quota exceeded/;

/**
 * A server whose disk is full while it writes its log ahead ends at once, and all that its clients hear is that it is
 * gone. Why it went is in its own log.
 *
 * @param logPath of the private server
 */
export async function explainEnd(
  problems: readonly RestoreProblem[],
  logPath: string,
): Promise<readonly RestoreProblem[]> {
  if (!problems.some(({ endsRestore }) => endsRestore)) return problems;
  if (!noRoom.test(await tailOf(logPath))) return problems;
  return problems.map((problem) =>
    problem.endsRestore ? { ...problem, missing: 'room on the disk' } : problem,
  );
}

async function tailOf(path: string): Promise<string> {
  // Without the log the clients' words have to do.
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(tailBytes),
      0,
      tailBytes,
      Math.max(0, size - tailBytes),
    );
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
