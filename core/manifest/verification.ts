import * as z from 'zod';
import { type Level, levels, type Verdict, verdicts } from '../vocabulary.ts';
import { listOf, parseJsonObject } from './document.ts';

const count = z.int().nonnegative();
/** Some centuries: what is more was not measured, and sums of it are no numbers. */
const seconds = z.number().nonnegative().max(1e10);

const checkSchema = z.looseObject({
  name: z.string(),
  status: z.enum(['passed', 'failed', 'unverifiable']),
  /** One line for people: what was found, or what is missing. */
  detail: z.string(),
  /** What was accepted as missing, in a check that passed but for that. */
  without: listOf(z.string()).optional(),
  /** What would have to be accepted for it to pass, as `--without` takes it; of one that is unverifiable. */
  acceptable: listOf(z.string()).optional(),
  /** While the checks are made only: `splitNotCompared` puts it beside the verdict. */
  notCompared: listOf(z.string()).optional(),
});

/**
 * How long the parts of a run took, in seconds of the machine that it ran on, and what passed there meanwhile. Where the
 * restore was tried several times, the times are those of the one that counted.
 */
export const timingsSchema = z.looseObject({
  /** Until every byte that is stored was there and hashed; from level `read` on it is decoded in the same go. */
  fetchSeconds: seconds,
  /** Of the archive, as the store has it. */
  fetchedBytes: count,
  /** All that a restore does: roles, database, definitions, rows, indexes and what else comes after. Absent where it did not end. */
  restoreSeconds: seconds.optional(),
  /** Of it, loading the rows; absent where nothing tells them apart, as in plain SQL. */
  rowsSeconds: seconds.optional(),
  /** Of it, indexes, constraints and what else comes after the rows. */
  indexSeconds: seconds.optional(),
  /** What the restored database measured. */
  restoredBytes: count.optional(),
  /** How many worked on it at once. */
  jobs: z.int().positive().optional(),
  /** Of PostgreSQL, that it was restored into. */
  serverVersion: z.string().optional(),
  /** That the machine had for it. */
  processors: z.int().positive().optional(),
});

/** What one run came to. All of it stands in every document; what is optional, older ones do not have. */
const runFields = {
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  level: z.enum(levels),
  verdict: z.enum(verdicts),
  /** What a `proven-without` was accepted to lack. */
  without: listOf(z.string()).optional(),
  /** The deepest level that was passed whole; null where not one was. */
  reached: z.enum(levels).nullable().optional(),
  /** SHA-256 of the manifest's bytes that the run went by. */
  manifestSha256: z.string().optional(),
  /** How the server was held that the backup's SQL ran in: `sandboxed`, `own-machine` or `unsandboxed`, and by what. */
  isolation: z.looseObject({ kind: z.string(), by: z.string().optional(), detail: z.string() }).optional(),
  /** Of a run that read the archive whole. They say nothing of the verdict: unreadable ones do not cost it. */
  timings: timingsSchema.optional().catch(undefined),
};

/** A run that is not in force, or not any more: of its checks, those that did not pass. */
const pastRunSchema = z.looseObject({ ...runFields, notPassed: listOf(checkSchema) });

/** The verdict in force, how it came about, and every other run, the newest first. */
export const verificationSchema = z.looseObject({
  formatVersion: z.literal(1),
  id: z.string(),
  source: z.string().optional(),
  database: z.string().optional(),
  ...runFields,
  checks: listOf(checkSchema),
  history: listOf(pastRunSchema).optional(),
  /** Objects beside it that hold what lay in its place and counted for nothing. */
  keptBeside: listOf(z.string()).optional(),
  /** What no check compared although the backup may hold it, a line each. Absent where all was. */
  notCompared: listOf(z.string()).optional(),
});

export type Timings = z.infer<typeof timingsSchema>;
export type Check = z.infer<typeof checkSchema>;
export type PastRun = z.infer<typeof pastRunSchema>;
export type Verification = z.infer<typeof verificationSchema>;

/** @throws ManifestUnreadable */
export function parseVerification(bytes: Uint8Array, where: string): Verification {
  return parseJsonObject(bytes, where, verificationSchema, 'verification');
}

/** Takes what each check did not compare out of the checks: it stands once, beside the verdict. */
export function splitNotCompared(checks: readonly Check[]): Pick<Verification, 'checks' | 'notCompared'> {
  const all = new Set(checks.flatMap(({ notCompared = [] }) => notCompared));
  return {
    checks: checks.map(({ notCompared: _, ...check }) => check),
    ...(all.size === 0 ? {} : { notCompared: [...all] }),
  };
}

/**
 * What a verification's checks add up to. A backup that failed one check is failed whatever else could not be
 * decided; a check that could not be decided keeps the rest from being called good.
 */
export function verdictOf(level: Level, checks: readonly Check[]): Verdict {
  if (checks.some((check) => check.status === 'failed')) return 'failed';
  if (checks.length === 0 || checks.some((check) => check.status === 'unverifiable')) return 'unverifiable';
  if (level !== 'restore') return 'intact';
  return withoutOf(checks).length > 0 ? 'proven-without' : 'proven';
}

/** All that the checks were accepted to lack, each once. */
export function withoutOf(checks: readonly Check[]): string[] {
  return [...new Set(checks.flatMap(({ without = [] }) => without))];
}

/** What `reachedBy` and `isGood` go by: a run, or a document. */
export type Judged = Pick<Verification, 'level' | 'verdict' | 'checks' | 'reached'>;

/**
 * The deepest level that was passed whole. A document from before this was recorded tells it by its verdict, or by which
 * of its checks passed. `proven-without` passed level `read` whole: of level `restore` something was left out.
 */
export function reachedBy({ level, verdict, checks, reached }: Judged): Level | null {
  if (reached !== undefined) return reached;
  if (verdict === 'proven' || verdict === 'intact') return level;
  const isPassed = (name: Level): boolean => {
    const own = checks.filter((check) => check.name === name);
    return own.length > 0 && own.every(({ status }) => status === 'passed');
  };
  if (!isPassed('checksum')) return null;
  return isPassed('read') ? 'read' : 'checksum';
}

/** Whether a run at its level found everything in order: the level was passed, whole or but for what was accepted. */
export function isPass(verdict: Verdict): boolean {
  return passes[verdict];
}

const passes: Readonly<Record<Verdict, boolean>> = {
  proven: true,
  'proven-without': true,
  intact: true,
  failed: false,
  unverifiable: false,
};

/**
 * Whether a backup counts as good, which means the same everywhere: nothing failed, and level `checksum` at least was
 * passed whole. What could not be decided beyond that does not make it bad.
 */
export function isGood(verification: Judged | undefined): boolean {
  if (verification === undefined || verification.verdict === 'failed') return false;
  const { checks } = verification;
  if (checks.length === 0 || checks.some(({ status }) => status === 'failed')) return false;
  return reachedBy(verification) !== null;
}

/** Why a verification that lies beside a manifest says nothing about it; undefined where it does. */
export function whyCountsAsNone(
  verification: Pick<Verification, 'id' | 'source' | 'database' | 'manifestSha256'> & {
    readonly checks: { readonly length: number };
  },
  manifest: {
    readonly id: string;
    readonly source: string;
    readonly database: string;
    readonly sha256: string;
  },
): string | undefined {
  const { id, source, database, manifestSha256, checks } = verification;
  if (id !== manifest.id) return `it is of another backup: ${id}`;
  if (source !== undefined && source !== manifest.source) return `it is of another source: ${source}`;
  if (database !== undefined && database !== manifest.database)
    return `it is of another database: ${database}`;
  if (manifestSha256 !== undefined && manifestSha256 !== manifest.sha256)
    return `it is of another manifest: SHA-256 ${manifestSha256}, that of the one here is ${manifest.sha256}`;
  return checks.length === 0 ? 'it has no checks' : undefined;
}
