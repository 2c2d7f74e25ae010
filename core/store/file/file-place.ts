import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MadeDirectories } from './file-directories.ts';
import type { FileRoot } from './file-write.ts';

export type FileStoreSettings = {
  readonly directory: string;
  /** Whether to try them; where a file system has none, pgproof notices by itself. @default true */
  readonly hardLinks?: boolean;
  /**
   * What is done under a lock takes milliseconds; one that is seen for longer than this was left by a machine that went
   * down. @default 30000
   */
  readonly lockPatienceMs?: number;
};

/** A store on disk, and how people call it. */
export type Place = FileRoot & { readonly url: string };

export function filePlace(settings: FileStoreSettings): Place {
  const directory = resolve(settings.directory);
  return {
    directory,
    staging: join(directory, '.staging'),
    made: new MadeDirectories(),
    hardLinks: settings.hardLinks ?? true,
    lockPatienceMs: settings.lockPatienceMs ?? 30_000,
    url: pathToFileURL(directory).href,
  };
}
