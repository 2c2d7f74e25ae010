import type { ClosedFolder } from '../inventory/closed-folders.ts';
import type { Line, Policy, Refusal, RetainedBackup } from '../retention/shapes.ts';

/** The backups that retention looks at together: one database of one cluster. */
export type GroupReport = {
  readonly source: string;
  readonly database: string;
  /** Undefined where none of its backups says. */
  readonly systemIdentifier: string | undefined;
  /** One per backup, the newest first, with what retention says of it. */
  readonly lines: readonly PrunedLine[];
  /** Why nothing at all goes. */
  readonly refusal: Refusal | undefined;
};

export type PrunedLine = Line & {
  readonly startedAt: Date;
  readonly standing: RetainedBackup['standing'];
  /** Of the archive; undefined where the manifest cannot be read. */
  readonly bytes: number | undefined;
  /** What became of one that was to go: `gone`; `left`, because it changed meanwhile; `failed`. Undefined in a dry run. */
  readonly outcome?: Outcome | undefined;
};

export type Outcome =
  | { readonly kind: 'gone' }
  /** Nothing of it was touched: it was held meanwhile, its manifest is another than was listed, it is locked. */
  | { readonly kind: 'left'; readonly why: string }
  /** Something of it could not be deleted. Where its manifest went, `--sweep` takes the rest another time. */
  | { readonly kind: 'failed'; readonly why: string; readonly isListed: boolean };

/** Objects under an id that has no manifest: no backup, but bytes. */
export type Orphan = {
  readonly id: string;
  readonly bytes: number;
  readonly objects: number;
  /** When the last of them was written. */
  readonly newestAt: Date;
  /** `pruned`: prune deleted its manifest and did not come to the end. `unknown`: a killed run's, or somebody deleted it. */
  readonly origin: 'pruned' | 'unknown';
  /** Whether it was deleted; undefined where nobody asked for it. */
  readonly outcome?: Outcome | undefined;
};

/** What a killed run left half written: parts of an upload, a staging file. */
export type Leftover = {
  /** The key of an upload, the name of a file. */
  readonly name: string;
  readonly bytes: number | undefined;
  /** Undefined where nobody lets us ask. */
  readonly newestAt: Date | undefined;
  readonly outcome?: Outcome | undefined;
};

/** A lock that was made longer, or could not be. */
export type Extension = { readonly id: string; readonly until: Date; readonly error?: string | undefined };

export type PruneReport = {
  readonly store: string;
  /** Whether anything was done, and not only said. */
  readonly applied: boolean;
  readonly now: Date;
  /** Undefined where only leftovers were asked about. */
  readonly policy: Policy | undefined;
  readonly groups: readonly GroupReport[];
  readonly orphans: readonly Orphan[];
  /** Ids that were named as orphans and are none, and why. */
  readonly notOrphans?: readonly { readonly id: string; readonly why: string }[] | undefined;
  readonly leftovers: readonly Leftover[];
  /** Why leftovers could not be listed, where they could not. */
  readonly leftoversUnknown?: string | undefined;
  readonly extensions: readonly Extension[];
  /** Databases that were not come to before time was up; they are first the next time. */
  readonly notReached: readonly { readonly source: string; readonly database: string }[];
  /** Databases whose record of this prune could not be written, and why: `list` and `report` do not know what went. */
  readonly unrecorded?:
    | readonly { readonly source: string; readonly database: string; readonly why: string }[]
    | undefined;
  /** What cannot be looked into: nothing was touched there. */
  readonly closed?: readonly ClosedFolder[] | undefined;
};

/** What went, in bytes of archives. */
export function freedBytes({ groups }: PruneReport): number {
  return groups
    .flatMap(({ lines }) => lines)
    .filter(({ outcome }) => outcome?.kind === 'gone')
    .reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}
