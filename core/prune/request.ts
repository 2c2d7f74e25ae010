import type { Policy } from '../retention/shapes.ts';
import type { PrunableStore } from '../store/prunable.ts';

export type PruneRequest = {
  readonly store: PrunableStore;
  /** Undefined where only leftovers are to be swept. */
  readonly policy: Policy | undefined;
  /** Only the backups of this source, and of this database of it. @default all */
  readonly source?: string | undefined;
  readonly database?: string | undefined;
  /** Whether to delete, and not only to say what would be. */
  readonly apply: boolean;
  /** Whether to take what prune began and did not end, uploads and staging files of killed runs. */
  readonly sweep: boolean;
  /** Other objects without a manifest that are to go, by id. */
  readonly orphans?: readonly string[] | undefined;
  /** Where the store locks objects: how far ahead, in days, the lock of what is kept is made to reach. */
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number } | undefined;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  /** When to begin nothing new: a function's time is up. What was begun is ended. */
  readonly stopBefore?: Date | undefined;
  readonly onProgress?: ((done: { readonly removed: number; readonly of: number }) => void) | undefined;
};
