import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import type { PgRestoreRequest, PgRestoreResult } from '../../../core/postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../../../core/postgres/pg-restore/restore-archive.ts';
import { chooseTools, type FoundTools, toolPath } from '../../../core/postgres/programs/tools.ts';
import { temporaryScratch, withScratchDirectory } from '../../../core/scratch/scratch.ts';
import { findServerTools, findTools } from './programs.ts';
import { newestMajor } from './servers.ts';

export async function toolsOf(major: number): Promise<FoundTools> {
  return chooseTools(await findTools(), major);
}

/** pg_dump by itself, in the custom format unless `more` says otherwise. */
export async function dump(
  source: ConnectionParameters,
  major: number,
  file: string,
  ...more: string[]
): Promise<void> {
  const program = toolPath(await toolsOf(major), 'pg_dump');
  const args = [`--dbname=${quoteConninfo(source.database)}`, '--format=custom', `--file=${file}`, ...more];
  await promisify(execFile)(program, args, { env: childEnvironment(source) });
}

/** The engine, with two jobs, collecting every error. */
export async function restore(
  target: ConnectionParameters,
  major: number,
  changes: Partial<PgRestoreRequest> & Pick<PgRestoreRequest, 'archive'>,
): Promise<PgRestoreResult> {
  const tools = await toolsOf(major);
  return await withScratchDirectory(temporaryScratch(), (directory) =>
    restoreArchive({
      tools,
      format: 'custom',
      archiveName: 'archive.dump',
      target,
      database: target.database,
      directory,
      create: false,
      jobs: 2,
      exitOnError: false,
      signal: new AbortController().signal,
      ...changes,
    }),
  );
}

/** A whole server of the newest major, in a tree of its own, where these extensions are not. */
export async function serverWithout(extensions: readonly string[], into: string): Promise<FoundTools> {
  const { found } = await findServerTools();
  const whole = found.find(({ place, major }) => place === 'built' && major === newestMajor()) ?? found[0];
  if (whole === undefined) throw new Error('no server');
  const root = /^(.*)\/usr\/lib\/postgresql\/\d+\/bin\/?$/.exec(whole.directory)?.[1] ?? '';
  const major = String(whole.major);
  const share = join('usr/share/postgresql', major, 'extension');
  for (const part of root === ''
    ? [`usr/lib/postgresql/${major}`, `usr/share/postgresql/${major}`]
    : ['usr']) {
    await mkdir(join(into, part), { recursive: true });
    await cp(join(root === '' ? '/' : root, part), join(into, part), { recursive: true, dereference: true });
  }
  const isGone = (name: string): boolean => extensions.some((one) => name.startsWith(one));
  for (const name of await readdir(join(into, share))) if (isGone(name)) await rm(join(into, share, name));
  return { ...whole, directory: join(into, 'usr/lib/postgresql', major, 'bin') };
}
