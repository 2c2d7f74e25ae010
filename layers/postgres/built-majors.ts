import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, type LayerKind, layerDirectory } from './build-root.ts';

/** The majors that a layer has, oldest first. */
export async function builtMajors(into: string, arch: Architecture, kind: LayerKind): Promise<number[]> {
  const names = await readdir(join(layerDirectory(into, arch, kind), 'postgresql')).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
