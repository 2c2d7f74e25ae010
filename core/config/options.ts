import * as z from 'zod';
import { formats, rowModes } from '../vocabulary.ts';
import { checkedBy } from './checked-by.ts';
import { parseCompression } from './compression.ts';
import { isHost, noHost } from './host.ts';
import { selectionOptions } from './table-selection.ts';

/** The most that an option may be set to. The least is 1. */
export const most = {
  /** Workers of pg_dump or pg_restore for one database. */
  jobs: 64,
  /** Databases at once. */
  parallel: 16,
  port: 65_535,
  /** Parts of one upload: S3's own limit. */
  parts: 10_000,
  /** Ten years: nobody can undo a lock in compliance mode, nor a typo in it. */
  lockDays: 3650,
  /** Backups that one page of a list shows. */
  listed: 1_000_000,
} as const;

/** A text that says something: an unset variable of a script becomes an empty one. */
export const someText = z.string().min(1);
/** A server's name, wherever one is set. What it says of another text repeats nothing of it. */
export const hostName = z.string().refine(isHost, { error: `expected ${noHost.expected}` });
export const names = z.array(someText).min(1);
export const port = z.int().min(1).max(most.port);
export const jobs = z.int().min(1).max(most.jobs);
/** What initdb gave a cluster, in digits: `--cluster`, and `cluster` of an event. */
export const systemIdentifier = z.string().regex(/^\d{1,20}$/);

export function isSystemIdentifier(text: string): boolean {
  return systemIdentifier.safeParse(text).success;
}

/** What `latest` may be in an event, beside the newest good backup: as the flags of the commands. */
export const latestOptions = {
  /** The newest, whatever its verdict. */
  any: z.boolean().optional(),
  /** Also one that tables were left out of on purpose. */
  partial: z.boolean().optional(),
  /** Only of the cluster with this system identifier, where a name holds backups of several. */
  cluster: systemIdentifier.optional(),
};

/** What one run may do otherwise than its source says: keys of a schedule, and of the event that starts the function. */
export const runOptions = {
  databases: names.optional(),
  excludeDatabases: names.optional(),
  ...selectionOptions,
  format: z.enum(formats).optional(),
  compress: checkedBy(parseCompression).optional(),
  jobs: jobs.optional(),
  parallel: z.int().min(1).max(most.parallel).optional(),
  rows: z.enum(rowModes).optional(),
};
