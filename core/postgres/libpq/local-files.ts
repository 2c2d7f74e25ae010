import { readFileSync, statSync } from 'node:fs';

/** The few looks at the file system that settling a connection takes. A file that cannot be read is not there. */
export type LocalFiles = {
  readonly stat: (path: string) => { readonly mode: number; readonly isFile: boolean } | undefined;
  readonly read: (path: string) => string | undefined;
};

export const localFiles: LocalFiles = {
  stat(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : { mode: found.mode, isFile: found.isFile() };
  },
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};
