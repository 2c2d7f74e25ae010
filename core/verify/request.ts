import type { UserCheck } from '../config/checks.ts';
import type { BackupId } from '../manifest/backup-id.ts';
import type { VerificationTools } from '../postgres/programs/obtain.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import type { SandboxPrograms } from '../postgres/server/sandbox-ways.ts';
import type { Uncontained } from '../postgres/server/uncontained.ts';
import type { Scratch } from '../scratch/scratch.ts';
import type { Store } from '../store/store.ts';
import type { LevelChoice } from '../vocabulary.ts';

export type VerifyRequest = {
  readonly id: BackupId;
  readonly level: LevelChoice;
  /** The user's own, for level `restore`; those for other databases are not looked at. */
  readonly checks?: readonly UserCheck[] | undefined;
  /** What may lack where it is restored: see parseWithout. Counts only where no rows of tables are left out by it. */
  readonly without?: readonly string[] | undefined;
  /** What a restore and its comparison may take, in seconds. @default see restoreLimitSeconds */
  readonly restoreSeconds?: number | undefined;
};

/** What is going on. */
export type VerifyProgress =
  /** Stored bytes read so far, of all objects, and how many there are by the manifest. */
  | { readonly step: 'reading'; readonly bytes: number; readonly totalBytes: number }
  | { readonly step: 'starting'; readonly version: string }
  /** `doing`: `table data public.users`; entries of the archive begun so far. */
  | {
      readonly step: 'restoring';
      readonly doing: string;
      readonly entries: number;
      readonly totalEntries: number | undefined;
    }
  | { readonly step: 'comparing' };

export type VerifyDependencies = {
  readonly store: Store;
  /** Programs of this major version or the nearest newer one. Rejects where there are none: the verdict is then `unverifiable`. */
  readonly tools: (major: number) => Promise<PostgresTools>;
  /** Programs of a server of this major version or the nearest newer one, for level `restore`. Rejects where there are none. */
  readonly verificationTools: (major: number) => Promise<VerificationTools>;
  /**
   * Whether the verdict is written beside the manifest, which it cannot be where the store is read as it was; then it is
   * returned alone. @default true
   */
  readonly isRecorded?: boolean | undefined;
  readonly clock: () => Date;
  /** When `signal` will abort by itself; `auto` chooses by it. */
  readonly deadline?: Date | undefined;
  /** A deadline, or the caller's wish. The verdict is then `unverifiable`, and still written, unless the reason is Interrupted. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Where the private server and the archive lie, and the directory format's files while they are decoded. @default the system's temporary directory */
  readonly scratch?: Scratch | undefined;
  /** What makes a sandbox for the private server. @default see sandboxPrograms */
  readonly sandboxPrograms?: SandboxPrograms | undefined;
  /** What may be done where the private server cannot be sandboxed. @default 'refused' */
  readonly uncontained?: Uncontained | undefined;
  /** After so long without taking or giving a byte pg_restore is stopped: `unverifiable`. @default 120 */
  readonly stallSeconds?: number | undefined;
};
