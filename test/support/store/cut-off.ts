import type { PrunableStore } from '../../../core/store/prunable.ts';

/** What a run that is killed looks like from inside. */
export class CutOff extends Error {}

/**
 * A store that lets `steps` changes through and then none: a key written or deleted is one. What changes many keys is cut
 * off in their midst.
 */
export function cutOff(
  store: PrunableStore,
  steps: number,
): { readonly store: PrunableStore; readonly isCut: () => boolean } {
  let left = steps;
  let isCut = false;
  const step = (): void => {
    if (left === 0) {
      isCut = true;
      throw new CutOff('cut off');
    }
    left -= 1;
  };
  const cut: PrunableStore = {
    ...store,
    create: async (key, content, options) => {
      step();
      await store.create(key, content, options);
    },
    // What is staged nobody sees: the step is its commit.
    stage: async (key, content, options) => {
      const staged = await store.stage(key, content, options);
      const commit = async (): Promise<void> => {
        step();
        await staged.commit();
      };
      return { ...staged, commit };
    },
    replaceIf: async (key, content, version) => {
      step();
      await store.replaceIf(key, content, version);
    },
    replace: async (key, content) => {
      step();
      await store.replace(key, content);
    },
    remove: async (keys, options) => {
      const failed = [];
      for (const key of keys) {
        step();
        failed.push(...(await store.remove([key], options)));
      }
      return failed;
    },
    setLegalHold: async (key, on, options) => {
      step();
      return await store.setLegalHold(key, on, options);
    },
    extendLock: async (key, lock, options) => {
      step();
      return await store.extendLock(key, lock, options);
    },
  };
  return { store: cut, isCut: () => isCut };
}
