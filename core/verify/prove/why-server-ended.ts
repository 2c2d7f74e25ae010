import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';

/** The first line names the postmaster. */
const headBytes = 4 * 1024;
/** A crash is told in the last lines. */
const tailBytes = 64 * 1024;

/**
 * A server whose disk is full while it writes its log ahead ends at once, and so does one of which a backend died; all
 * that its clients hear is that it is gone. Why it went is in its own log.
 *
 * @param logPath of the private server
 */
export async function explainEnd(
  problems: readonly RestoreProblem[],
  logPath: string,
): Promise<readonly RestoreProblem[]> {
  if (!problems.some(({ endsRestore }) => endsRestore)) return problems;
  const missing = missingAtEnd(await readLog(logPath));
  if (missing === undefined) return problems;
  return problems.map((problem) => (problem.endsRestore ? { ...problem, missing } : problem));
}

/** `2026-11-20 02:00:00.000 UTC [17] PANIC:  could not write to file …`: SQL can write no line of that level. */
const noRoom =
  /^\S+ \S+ \S+ \[\d+\] PANIC: {2}could not .*: (?:No space left on device|Disk quota exceeded)$/m;

/** What lacked when the server ended; undefined where its log does not tell. */
export function missingAtEnd(log: string): string | undefined {
  if (noRoom.test(log)) return 'room on the disk';
  // SQL can write lines that look the same (RAISE LOG), but not in the postmaster's name.
  const postmaster = / \[(\d+)\] LOG: {2}starting PostgreSQL /.exec(log)?.[1];
  if (postmaster === undefined) return undefined;
  const died = new RegExp(
    `^\\S+ \\S+ \\S+ \\[${postmaster}\\] LOG: {2}.* was terminated by (signal (\\d+)(?:: [\\w ]+)?)$`,
    'm',
  );
  const [, words, signal] = died.exec(log) ?? [];
  if (words === undefined) return undefined;
  return signal === killed ? 'memory' : `a server that does not crash (${words})`;
}

/** SIGKILL: what the kernel sends where memory ran out. */
const killed = '9';

async function readLog(path: string): Promise<string> {
  // It lies where SQL can write, who may have put a link or a pipe there: opening that one would wait for ever. Without
  // the log the clients' words have to do.
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const entry = await file.stat();
    if (!entry.isFile()) return '';
    const { size } = entry;
    const tailAt = Math.max(headBytes, size - tailBytes);
    const head = await readAt(file, 0, headBytes);
    if (size <= headBytes) return head;
    // One line where nothing lies between the two.
    const between = tailAt === headBytes ? '' : '\n';
    return `${head}${between}${await readAt(file, tailAt, tailBytes)}`;
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
  return buffer.toString('utf8', 0, bytesRead);
}
