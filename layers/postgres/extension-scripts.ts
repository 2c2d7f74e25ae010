import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Tells which scripts a server needs that creates extensions and never brings them up from an older version. PostGIS
 * has hundreds of scripts for that, which take 16 MB in one release and, as copies of one another, 800 in another.
 *
 * @param directory the extensions' control files and scripts
 */
export async function neededScripts(directory: string): Promise<(name: string) => boolean> {
  const names = await readdir(directory).catch(() => []);
  const present = new Set(names);
  const direct = new Set<string>();
  for (const name of names.filter((one) => one.endsWith('.control'))) {
    const version = defaultVersion(await readFile(join(directory, name), 'utf8'));
    const extension = name.replace(/(-\d+)?\.control$/, '');
    if (version !== undefined && present.has(`${extension}--${version}.sql`)) direct.add(extension);
  }
  return (name) => {
    const [extension = '', ...versions] = name.split('--');
    return versions.length < 2 || !direct.has(extension);
  };
}

/** What CREATE EXTENSION makes where no version is named, as in every dump. */
export function defaultVersion(control: string): string | undefined {
  return /^\s*default_version\s*=\s*'([^']+)'/m.exec(control)?.[1];
}
