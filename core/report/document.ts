import * as z from 'zod';
import { timingsSchema } from '../manifest/verification.ts';
import { levels, verdicts } from '../vocabulary.ts';

/*
 * What a report says, for programs; its JSON Schema is made of this. Times are ISO 8601 in UTC, days those of the zone.
 */

const time = z.iso.datetime();
const seconds = z.number().nonnegative();
const count = z.int().nonnegative();

/** An object of the store that the report rests on: whoever has it can tell that it is the same. */
const hashedSchema = z.object({ key: z.string(), bytes: count, sha256: z.string() });

const backupSchema = z.object({
  id: z.string(),
  startedAt: time,
  /** Null where its manifest cannot be read. */
  finishedAt: time.nullable(),
  archiveBytes: count.nullable(),
  databaseBytes: count.nullable(),
  /** Of the run in force; null where it was never verified, or what lies there counts for nothing. */
  verdict: z.enum(verdicts).nullable(),
  level: z.enum(levels).nullable(),
  /** The deepest level that was passed whole. */
  reached: z.enum(levels).nullable(),
  /** When the run in force ended; null where there is none. */
  verifiedAt: time.nullable(),
  /** When it was last restored and found in order; null where it never was. */
  provenAt: time.nullable(),
  /** Nothing failed, and every byte at least was read back. */
  good: z.boolean(),
  /** Whether tables were left out of it on purpose. */
  partial: z.boolean(),
  /** Whether it says that it began later than the report was made. */
  future: z.boolean(),
  /** Whether it stands for its database: good, whole, and not dated in the future. Gaps and recovery point go by these. */
  counts: z.boolean(),
  held: z.object({ reason: z.string(), by: z.string(), until: time.nullable() }).nullable(),
});

const proofSchema = z.object({
  /** Of the backup, which may be of another month. */
  backup: z.string(),
  startedAt: time,
  finishedAt: time,
  level: z.enum(levels),
  verdict: z.enum(verdicts),
  inForce: z.boolean(),
  /** Whether it went by another manifest than the one that lies there now. */
  ofOtherManifest: z.boolean(),
  /** What it did not pass, the first of it. */
  notPassed: z.array(z.object({ name: z.string(), detail: z.string() })),
  timings: z.object(timingsSchema.shape).nullable(),
});

const spanSchema = z.object({ from: time, until: time, seconds });

const gapsSchema = z.object({
  /** Whole days of the period without a backup that counts; the day on which a backup began is its day. */
  days: z.array(z.object({ date: z.string(), backups: count })),
  /** Days whose backups are not there any more, as retention took them: nothing can be said of those days. */
  removedDays: z.array(z.string()),
  /** The longest time from one backup that counts to the next, also where one of them lies outside of the month. */
  longest: spanSchema.nullable(),
  /** The part of the period before the first backup of the database that there is. */
  beforeFirst: spanSchema.nullable(),
});

/** Measured by restores that were passed: fetch and restore together, in seconds. */
const recoveryTimeSchema = z.object({
  proofs: z.int().positive(),
  last: z.object({ backup: z.string(), at: time, seconds }),
  medianSeconds: seconds,
  worst: z.object({ backup: z.string(), at: time, seconds }),
});

/** How old the newest backup that counts was at each moment of the period. */
const recoveryPointSchema = z.object({
  medianSeconds: seconds,
  worst: z.object({ at: time, seconds }),
  /** At the end of the period, or when the report was made. */
  atEndSeconds: seconds,
  /** For how long there was none at all. */
  withoutAnySeconds: seconds,
});

const databaseSchema = z.object({
  source: z.string(),
  database: z.string(),
  backups: z.array(backupSchema),
  proofs: z.array(proofSchema),
  gaps: gapsSchema,
  recoveryTime: recoveryTimeSchema.nullable(),
  /** Null where there was none that counts in all the time. */
  recoveryPoint: recoveryPointSchema.nullable(),
  /** Set where others of its source were backed up on later days, and it was not. */
  vanished: z.object({ lastBackup: z.string(), othersUntil: time }).nullable(),
  /** Backups that a run recorded, or prune removed, and that are not there any more. */
  gone: z.array(z.object({ id: z.string(), removedByPrune: z.boolean() })),
  /** What prune removed before this nobody remembers: days of before may have had backups. Null: nothing of the month. */
  rememberedSince: time.nullable(),
  restsOn: z.array(
    z.object({
      backup: z.string(),
      manifest: hashedSchema.nullable(),
      verification: hashedSchema.nullable(),
    }),
  ),
});

const failedRunSchema = z.object({
  source: z.string(),
  schedule: z.string(),
  startedAt: time,
  finishedAt: time,
  problems: z.array(z.string()),
});

export const reportSchema = z.object({
  formatVersion: z.literal(1),
  month: z.string(),
  timeZone: z.string(),
  from: time,
  /** When the month ends. */
  to: time,
  /** As far as the report says something: its end, or when it was made. */
  until: time,
  /** Whether the month was over when the report was made. */
  complete: z.boolean(),
  madeAt: time,
  madeBy: z.object({ pgproof: z.string(), by: z.string() }),
  store: z.string(),
  only: z.object({ source: z.string().nullable(), database: z.string().nullable() }),
  totals: z.object({
    databases: count,
    backups: count,
    good: count,
    proofs: count,
    gapDays: count,
    failedRuns: count,
    unreadable: count,
  }),
  /** Days without a backup that counts, a database that vanished, no database at all, or not all could be looked at. */
  hasGaps: z.boolean(),
  /** False where the folder of a source or a database could not be looked into: it is among what could not be read. */
  isWhole: z.boolean(),
  databases: z.array(databaseSchema),
  failedRuns: z.array(failedRunSchema),
  /** What could not be read, and so says nothing here. */
  unreadable: z.array(z.object({ key: z.string(), why: z.string() })),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportedDatabase = z.infer<typeof databaseSchema>;
export type ReportedBackup = z.infer<typeof backupSchema>;
export type ReportedProof = z.infer<typeof proofSchema>;
export type FailedRun = z.infer<typeof failedRunSchema>;
export type Hashed = z.infer<typeof hashedSchema>;
export type Gaps = z.infer<typeof gapsSchema>;
export type RecoveryTime = z.infer<typeof recoveryTimeSchema>;
export type RecoveryPoint = z.infer<typeof recoveryPointSchema>;

/** The JSON Schema of a report. */
export function reportJsonSchema(): object {
  return { title: 'pgproof report', ...z.toJSONSchema(reportSchema, { reused: 'inline' }) };
}
