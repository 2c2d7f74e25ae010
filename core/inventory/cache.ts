import type { ListedDocument } from './entry.ts';

/**
 * What is remembered of documents that have not changed: by key, and a tag that changes with what lies under it. What comes
 * out may be anything: whoever asks judges it as if it came from the store.
 */
export type InventoryCache = {
  /** Undefined where nothing is known, or the store tells no tags. */
  readonly get: (key: string, tag: string | undefined) => unknown;
  readonly put: (key: string, tag: string | undefined, value: object) => void;
  /** Keeps what was put for the next time, if that can be done. Never throws. */
  readonly save: () => Promise<void>;
};

/** One tag of several documents, of which some may not be there. Undefined where the store tells none of one that is. */
export function tagOf(...documents: readonly (ListedDocument | undefined)[]): string | undefined {
  const tags: string[] = [];
  for (const document of documents) {
    if (document !== undefined && document.tag === undefined) return undefined;
    tags.push(document === undefined ? '' : `${document.bytes} ${document.tag}`);
  }
  return JSON.stringify(tags);
}
