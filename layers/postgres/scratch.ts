import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PgproofError } from '../../core/errors.ts';
import { LayerBuildError } from './errors.ts';

const prefix = '.building-';
/** Past this a build of another machine or container, whose processes cannot be seen, is taken for dead. */
const staleMilliseconds = 2 * 60 * 60_000;

/**
 * A directory on the same file system as the result, gone whatever happens; what a killed build left is removed.
 *
 * @throws LayerBuildError where the disk is full or `root` may not be written to
 */
export async function inScratch<T>(root: string, work: (scratch: string) => Promise<T>): Promise<T> {
  let scratch: string | undefined;
  try {
    await mkdir(root, { recursive: true });
    await removeStale(root);
    scratch = await mkdtemp(join(root, `${prefix}${await processMark(process.pid)}-`));
    return await work(scratch);
  } catch (error: unknown) {
    throw plainError(error, root);
  } finally {
    // A program that was stopped may still be writing its last.
    if (scratch !== undefined)
      await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function removeStale(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(root, name);
    if (await isStale(name.slice(prefix.length), path)) await rm(path, { recursive: true, force: true });
  }
}

async function isStale(rest: string, path: string): Promise<boolean> {
  const [, namespace, pid] = /^(\d+)-(\d+)-\d+-/.exec(rest) ?? [];
  const own = await processMark(process.pid);
  if (namespace !== undefined && own.startsWith(`${namespace}-`)) {
    const mark = await processMark(Number(pid)).catch(() => undefined);
    return mark === undefined || !rest.startsWith(`${mark}-`);
  }
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > staleMilliseconds;
}

/**
 * Tells a process from all others of the machine: its namespace (a container counts its own), its id, and the time
 * that it was started at, as ids come again.
 */
async function processMark(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, in parentheses, which may hold anything.
  const started = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  const namespace = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '0';
  return `${namespace}-${pid}-${started}`;
}

function plainError(error: unknown, root: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof PgproofError || typeof code !== 'string') return error;
  const what = `The layer could not be built in ${root}`;
  const fix =
    code === 'ENOSPC'
      ? 'Make room on the disk (about 700 MB), then run it again.'
      : 'Name a directory that you may write to with --into.';
  return new LayerBuildError({ what, got: messageOf(error), fix }, { cause: error });
}
