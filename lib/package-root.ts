import { existsSync } from 'node:fs';
import path from 'node:path';

/** The directory of the nearest package.json above `start`: a clone's root, or node_modules/pgproof. */
export function packageRoot(start: string = import.meta.dirname): string {
  for (let directory = start; ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, 'package.json'))) return directory;
    if (directory === path.dirname(directory)) throw new Error(`No package.json above ${start}`);
  }
}
