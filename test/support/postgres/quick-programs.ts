import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianRoot } from '../../../core/postgres/server/os-user.ts';

const run = promisify(execFile);
const standIn = join(import.meta.dirname, 'initdb.sh');

/**
 * The same server programs in a tree of their own, but for initdb: a cluster takes it half a second of work, and a run
 * makes some hundred of them. Programs of the system are taken as they are: they work in their own place only.
 *
 * @returns where the programs lie
 */
export async function makeQuickPrograms(programs: string, into: string): Promise<string> {
  const root = debianRoot(programs);
  if (root === undefined || root === '') return programs;
  await mkdir(into, { recursive: true });
  // As links where that can be: a tree has 80 MB.
  await run('cp', ['-Rl', join(root, 'usr'), into]).catch(() => run('cp', ['-R', join(root, 'usr'), into]));
  const directory = join(into, programs.slice(root.length));
  await rename(join(directory, 'initdb'), join(directory, 'initdb.real'));
  await copyFile(standIn, join(directory, 'initdb'));
  await chmod(join(directory, 'initdb'), 0o755);
  const clusters = join(directory, '../clusters');
  await mkdir(clusters);
  // The server's user writes there, who is not ours where root runs the tests.
  await chmod(clusters, 0o1777);
  return directory;
}
