import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for the callback, under a name that needs care everywhere. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), `pgproof test's (dir) ü -`));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Small shell scripts that stand for programs, well behaved or not. */
export async function writePrograms(
  directory: string,
  scripts: Readonly<Record<string, string>>,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  return directory;
}

/** The client programs of a version, which can only say their version. */
export function writeClientPrograms(directory: string, version: string): Promise<string> {
  const names = ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'];
  return writePrograms(
    directory,
    Object.fromEntries(
      names.map((name) => [name, `echo '${name} (PostgreSQL) ${version} (Debian ${version}-1)'`]),
    ),
  );
}
