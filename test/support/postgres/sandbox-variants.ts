import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SandboxPrograms, sandboxPrograms } from '../../../core/postgres/server/sandbox-ways.ts';
import { findServerTools } from './programs.ts';

export type SandboxVariant = { readonly title: string; readonly programs: SandboxPrograms };

/**
 * Every way to a sandbox by itself: each tool as it is, and, where this is root, as on a machine that refuses namespaces
 * to everybody else.
 * @param directory where the stand-ins are written
 */
export async function sandboxVariants(directory: string): Promise<SandboxVariant[]> {
  const [tools] = (await findServerTools()).found;
  if (tools === undefined) throw new Error('no server programs');
  const { bubblewrap, unshare } = sandboxPrograms(tools);
  const variants: SandboxVariant[] = [
    { title: 'bubblewrap', programs: { bubblewrap, unshare: [] } },
    { title: 'unshare', programs: { bubblewrap: [], unshare } },
  ];
  if (process.getuid?.() !== 0) return variants;
  const onlyRoot = async (name: string, places: readonly string[]): Promise<string[]> => {
    const path = join(directory, name);
    const real = places.map((place) => `[ -x '${place}' ] && exec '${place}' "$@"`).join('\n');
    await writeFile(path, `#!/bin/sh\n[ "$(id -u)" = 0 ] || { echo refused >&2; exit 1; }\n${real}\n`);
    await chmod(path, 0o755);
    return [path];
  };
  return [
    ...variants,
    {
      title: 'bubblewrap, by root',
      programs: { bubblewrap: await onlyRoot('bwrap', bubblewrap), unshare: [] },
    },
    { title: 'unshare, by root', programs: { bubblewrap: [], unshare: await onlyRoot('unshare', unshare) } },
  ];
}
