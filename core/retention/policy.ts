import * as z from 'zod';
import { UsageError } from '../errors.ts';
import { isTimeZone } from '../text/time-zone.ts';
import { cliffRatio } from './cliff.ts';
import { formatSpan, keepOf, mostKept, parseKeep, parseSpan } from './keep.ts';
import type { Keep, Policy } from './shapes.ts';

/** What a policy says where nobody says otherwise. */
export const policyDefaults = { min: 3, timeZone: 'UTC', cliff: cliffRatio } as const;

const count = z.union([z.int().min(0).max(mostKept), z.enum(['all', 'unlimited'])]).optional();

/** What a parser has against a text, or undefined. */
function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error: unknown) {
    if (!(error instanceof UsageError)) throw error;
    return `expected ${error.problem.expected}`;
  }
}

/** The rules as an object: `{ "daily": 7, "monthly": "all", "within": "30d" }`. {@link keepOf} makes them of it. */
export const keepSchema = z
  .strictObject({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: z
      .string()
      .refine((text) => problemOf(() => parseSpan(text)) === undefined, {
        error: ({ input }) => problemOf(() => parseSpan(String(input))),
      })
      .optional(),
  })
  .refine((keep) => problemOf(() => keepOf(keep)) === undefined, {
    error: ({ input }) => problemOf(() => keepOf(input as Record<string, unknown>)),
  });

/** The keys of a policy wherever one is configured. Whether backups are verified is said elsewhere there. */
export const policyOptions = {
  keep: keepSchema,
  min: z.int().min(1).max(mostKept).default(policyDefaults.min),
  timeZone: z
    .string()
    .refine(isTimeZone, { error: 'expected an IANA time zone such as Europe/Berlin' })
    .default(policyDefaults.timeZone),
  /** 0: nothing is one. */
  cliff: z.number().min(0).max(1).default(policyDefaults.cliff),
};

/** What a policy is made of: the rules as text, as an object or parsed, and what differs from the defaults. */
export type PolicySettings = {
  readonly keep: string | z.infer<typeof keepSchema> | Keep;
  readonly min?: number | undefined;
  readonly timeZone?: string | undefined;
  readonly cliff?: number | undefined;
  /** Whether backups are verified, and only those that were count. */
  readonly verified: boolean;
};

/** @throws UsageError: it says which part is wrong */
export function policyOf(settings: PolicySettings): Policy {
  const { keep, min = policyDefaults.min, timeZone = policyDefaults.timeZone } = settings;
  const { cliff = policyDefaults.cliff, verified } = settings;
  if (!policyOptions.min.safeParse(min).success)
    throw new UsageError({
      what: 'How many good backups are always kept is no such number',
      got: String(min),
      expected: `a whole number from 1 to ${mostKept}`,
      fix: 'The last good backup of a database is never removed: ask for 1 at the least.',
    });
  if (!policyOptions.timeZone.safeParse(timeZone).success)
    throw new UsageError({
      what: 'The time zone of retention is unknown',
      got: JSON.stringify(timeZone),
      expected: 'a name of the IANA database, such as Europe/Berlin or UTC',
      fix: 'Take the zone of the schedule that makes the backups; offsets such as +02:00 know no summer time.',
    });
  if (!policyOptions.cliff.safeParse(cliff).success)
    throw new UsageError({
      what: 'The part below which a backup is a cliff is no such part',
      got: String(cliff),
      expected: 'a number from 0 (nothing is one) to 1',
      fix: 'Take 0.5: less than half of the rows or bytes of the backup before.',
    });
  return { keep: typeof keep === 'string' ? parseKeep(keep) : rulesOf(keep), min, timeZone, cliff, verified };
}

/** Of rules that were parsed already the span is an object. */
function rulesOf({ within, ...counts }: Exclude<PolicySettings['keep'], string>): Keep {
  const span = typeof within === 'object' ? formatSpan(within) : within;
  return keepOf({ ...counts, within: span });
}
