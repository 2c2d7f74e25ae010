import type { PrunableStore } from '../prunable.ts';
import { StoreUnusable } from '../store.ts';
import { type FileWork, fromFileSystem } from './file-error.ts';
import { type FileStoreSettings, filePlace } from './file-place.ts';
import { removeFiles } from './file-remove.ts';
import { fileStore } from './file-store.ts';
import { listStaging, removeStaging } from './file-unfinished.ts';

const noLocks = { kind: 'unsupported', by: 'directory' } as const;

/** Backups in a directory, to be tidied up. */
export function prunableFileStore(settings: FileStoreSettings): PrunableStore {
  const store = fileStore(settings);
  const place = filePlace(settings);
  const translated = async <T>(work: FileWork, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw fromFileSystem(error, place.url, work);
    }
  };
  return {
    ...store,
    remove: (keys, options) => removeFiles(place, keys, options),
    listUnfinished: async (_prefix, options) => {
      try {
        return {
          found: await translated('list', () => listStaging(place.staging, options)),
          incomplete: undefined,
        };
      } catch (error: unknown) {
        // What nobody may look into keeps no backup from being pruned, nor a report of it from being made.
        if (error instanceof StoreUnusable && error.isOfObject) return { found: [], incomplete: error };
        throw error;
      }
    },
    removeUnfinished: (one) => translated('delete', () => removeStaging(place.staging, one, place.url)),
    lockOf: async () => noLocks,
    extendLock: async () => noLocks,
    setLegalHold: async () => noLocks,
  };
}
