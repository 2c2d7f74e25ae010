import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { FoundTools } from '../programs/tools.ts';
import { bubblewrapWays } from './sandbox-bubblewrap.ts';
import { unshareWays } from './sandbox-unshare.ts';
import type { SandboxWay, SandboxWish } from './sandbox-way.ts';

/** Where to look for the programs that make a sandbox, best first; an empty list: it is not used. */
export type SandboxPrograms = {
  readonly bubblewrap: readonly string[];
  readonly unshare: readonly string[];
};

/** Beside the server's programs, as in our layer; then where distributions install them. */
export function sandboxPrograms(tools: FoundTools, env: NodeJS.ProcessEnv = process.env): SandboxPrograms {
  const onPath = (env.PATH ?? '').split(delimiter).filter((directory) => isAbsolute(directory));
  const directories = [...new Set([tools.directory, '/usr/bin', '/usr/local/bin', ...onPath])];
  const places = (name: string): string[] => directories.map((directory) => join(directory, name));
  return { bubblewrap: places('bwrap'), unshare: places('unshare') };
}

/** All ways that may work here, the best first. */
export async function sandboxWays(programs: SandboxPrograms, wish: SandboxWish): Promise<SandboxWay[]> {
  const bubblewrap = await firstExecutable(programs.bubblewrap);
  const unshare = await firstExecutable(programs.unshare);
  return [
    ...(bubblewrap === undefined ? [] : bubblewrapWays(bubblewrap, wish)),
    ...(unshare === undefined ? [] : unshareWays(unshare, wish)),
  ];
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
