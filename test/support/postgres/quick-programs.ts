import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { debianRoot } from '../../../core/postgres/server/os-user.ts';
import { addForeignWords } from './foreign-words.ts';

const run = promisify(execFile);
const standIn = join(import.meta.dirname, 'initdb.sh');

const fixtures = join(import.meta.dirname, '../../fixtures/extensions');

/**
 * The same server programs in a tree of their own, but for initdb: a cluster takes it half a second of work, and a run
 * makes some hundred of them. With `extensions` the tree has those of test/fixtures/extensions too; without it has not the library auto_explain either. Programs of the system are taken as they are: they work in their own place only.
 *
 * @returns where the programs lie
 */
export async function makeQuickPrograms(
  programs: string,
  into: string,
  { extensions }: { readonly extensions: boolean },
): Promise<string> {
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
  // New names beside the links, never written through one: the files behind them belong to everybody.
  const major = basename(dirname(directory));
  await addForeignWords(into, major);
  const home = join(into, 'usr/share/postgresql', major, 'extension');
  if (extensions) await addExtensions(home);
  else await rm(join(directory, '../lib/auto_explain.so'), { force: true });
  return directory;
}

async function addExtensions(into: string): Promise<void> {
  for (const name of await readdir(fixtures))
    await copyFile(join(fixtures, name), join(into, name), constants.COPYFILE_EXCL);
}
