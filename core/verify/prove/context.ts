import type { UserCheck } from '../../config/checks.ts';
import type { VerificationTools } from '../../postgres/programs/obtain.ts';
import type { SandboxPrograms } from '../../postgres/server/sandbox-ways.ts';
import type { Uncontained } from '../../postgres/server/uncontained.ts';
import type { VerificationServer } from '../../postgres/server/verification-server.ts';
import type { CheckContext, StoredChecks } from '../read/check-stored.ts';
import type { VerifyProgress } from '../request.ts';

export type ProofContext = CheckContext & {
  readonly serverTools: VerificationTools;
  /** Whether there is room for the archive beside the restored database; else it is read a second time. */
  readonly keepArchive: boolean;
  /** What the private server may take. */
  readonly databaseBytes: number;
  readonly jobs: number;
  /** What the restore and its comparison may take. */
  readonly limitSeconds: number;
  readonly sandboxPrograms: SandboxPrograms | undefined;
  readonly uncontained: Uncontained;
  readonly userChecks: readonly UserCheck[];
  /** What may lack here, as it was written: see parseWithout. */
  readonly without: readonly string[];
  readonly onProgress: ((progress: VerifyProgress) => void) | undefined;
};

export type RestoreContext = ProofContext & {
  readonly verification: VerificationServer;
  /** What reading the backup came to; nothing in it failed. */
  readonly stored: StoredChecks;
  /** For files of ours, and where the archive is kept. */
  readonly directory: string;
  /** Entries of the archive that are not restored, by dump id. Default: all are. */
  readonly leaveOut?: ReadonlySet<number> | undefined;
};
