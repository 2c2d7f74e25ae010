import type { BackupResult } from './report.ts';

/** What a backup tells while it goes on. The listener must be quick: `bytes` comes for every chunk. */
export type BackupProgress =
  | {
      readonly kind: 'run-started';
      readonly server: string;
      readonly version: string;
      readonly pgDump: string;
      readonly databases: readonly string[];
    }
  | {
      readonly kind: 'started';
      readonly database: string;
      readonly expectedBytes: number;
      readonly tables: number;
    }
  | { readonly kind: 'bytes'; readonly database: string; readonly bytes: number }
  /** pg_dump began to write the data of one more table. */
  | { readonly kind: 'table'; readonly database: string; readonly dumped: number }
  | { readonly kind: 'storing'; readonly database: string }
  | { readonly kind: 'verifying'; readonly database: string }
  /** Something is missing from the backup's manifest that it can do without. */
  | { readonly kind: 'warning'; readonly database: string; readonly message: string }
  | { readonly kind: 'finished'; readonly result: BackupResult };

export type OnProgress = (progress: BackupProgress) => void;

/** How far a backup got; kept outside so that it is known when the backup fails. */
export type Reached = { bytes: number; tables: number };
