import * as z from 'zod';
import { verdicts } from '../../vocabulary.ts';

const text = z.string();
const count = z.int().min(0);
const seconds = z.number().min(0);
const time = z.iso.datetime();

/** What became of one database. Whatever is not known is not there. */
const databaseSchema = z.strictObject({
  database: text,
  status: z.enum(['completed', 'failed']),
  id: text.optional(),
  /** Where the archive lies: s3://bucket/prefix/…/archive.dump */
  archive: text.optional(),
  startedAt: time.optional(),
  bytes: count.optional(),
  rows: count.optional(),
  seconds,
  error: text.optional(),
  verification: z
    .strictObject({
      verdict: z.enum(verdicts).optional(),
      level: text.optional(),
      error: text.optional(),
      seconds,
    })
    .optional(),
  copies: z.array(z.strictObject({ to: text, error: text.optional(), seconds })).optional(),
});

const ofRun = {
  /** Grows only when a program that was written for an older one would be misled; what is added may be ignored. */
  formatVersion: z.literal(1),
  pgproof: text,
  run: text,
  source: text,
  schedule: text.optional(),
  at: time,
};

const runSchema = z.strictObject({
  ...ofRun,
  event: z.enum(['afterRun', 'onFailure']),
  ok: z.boolean(),
  seconds,
  /** A line each, as people are told. */
  problems: z.array(text),
  databases: z.array(databaseSchema),
  /** Backups that retention took away, and from which store. */
  pruned: z.array(z.strictObject({ database: text, id: text, store: text })),
});

const backupSchema = z.strictObject({
  ...ofRun,
  event: z.literal('afterBackup'),
  ok: z.boolean(),
  database: databaseSchema,
});

/** What a hook is given on standard input, as one JSON document. */
export const hookInputSchema = z.discriminatedUnion('event', [backupSchema, runSchema]);

export type HookInput = z.infer<typeof hookInputSchema>;
export type HookDatabase = z.infer<typeof databaseSchema>;
export type HookEvent = HookInput['event'];
