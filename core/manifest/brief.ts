import * as z from 'zod';
import { cut } from '../text/cut.ts';
import { levels, verdicts } from '../vocabulary.ts';
import { knownTimings } from './timings.ts';
import { isGood, reachedBy, timingsSchema, type Verification } from './verification.ts';

/** What a list needs of a verification: some hundred bytes, whatever the document holds. */
export const briefSchema = z.object({
  /** As the document says them: whether they are those of the backup is judged each time. */
  id: z.string(),
  source: z.string().optional(),
  database: z.string().optional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  level: z.enum(levels),
  verdict: z.enum(verdicts),
  /** The deepest level that was passed whole. */
  reached: z.enum(levels).nullable(),
  /** Whether it makes the backup a good one. */
  good: z.boolean(),
  /** How many checks were made. */
  checkCount: z.int().nonnegative(),
  /** What a `proven-without` was accepted to lack: the first of it. */
  without: z.array(z.string()).optional(),
  manifestSha256: z.string().optional(),
  isolation: z.object({ kind: z.string(), by: z.string().optional() }).optional(),
  /** How long the run in force took. */
  timings: z.object(timingsSchema.shape).optional(),
});

export type Brief = z.infer<typeof briefSchema>;

/** As much as is kept of a text that may be as long as a document. The longest id is shorter. */
const kept = 2_000;
const shown = 200;
const mostWithout = 20;

export function briefOf(verification: Verification): Brief {
  const { id, source, database, startedAt, finishedAt, level, verdict, checks } = verification;
  const { without, manifestSha256, isolation, timings } = verification;
  return {
    id: cut(id, kept),
    ...(source === undefined ? {} : { source: cut(source, kept) }),
    ...(database === undefined ? {} : { database: cut(database, kept) }),
    startedAt: cut(startedAt, shown),
    finishedAt: cut(finishedAt, shown),
    level,
    verdict,
    reached: reachedBy(verification),
    good: isGood(verification),
    checkCount: checks.length,
    ...(without === undefined
      ? {}
      : { without: without.slice(0, mostWithout).map((what) => cut(what, shown)) }),
    ...(manifestSha256 === undefined ? {} : { manifestSha256: cut(manifestSha256, shown) }),
    ...(isolation === undefined
      ? {}
      : {
          isolation: {
            kind: cut(isolation.kind, shown),
            ...(isolation.by === undefined ? {} : { by: cut(isolation.by, shown) }),
          },
        }),
    ...(timings === undefined ? {} : { timings: knownTimings(timings) }),
  };
}
