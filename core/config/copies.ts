import * as z from 'zod';
import { policyOptions } from '../retention/policy.ts';
import { objectLockModes } from '../vocabulary.ts';
import { mostNightlyLockDays } from './object-lock.ts';
import { someText } from './options.ts';
import { placeOptions } from './place.ts';

/** A second place, into which every backup goes that it has not and would keep. */
export const copyOptions = {
  /** What messages call it. */
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  /** Which store is copied, by its name. @default the only one */
  from: someText.optional(),
  ...placeOptions,
  /** What stays there; without it nothing is ever deleted there, and everything is copied. */
  prune: z
    .strictObject({
      ...policyOptions,
      /** Whether only what was verified counts as good. */
      verified: z.boolean().default(true),
    })
    .optional(),
  /** Of a bucket that was made with Object Lock. */
  objectLock: z
    .strictObject({ mode: z.enum(objectLockModes), days: z.int().min(1).max(mostNightlyLockDays) })
    .optional(),
  /** A night whose newest copy of a database is older than this says so. */
  maxAgeHours: z.int().min(1).max(8_784).optional(),
};

/** Of one copy. */
export const copySchema = z.strictObject(copyOptions);

export type CopyConfiguration = Readonly<z.infer<typeof copySchema>>;
