import * as z from 'zod';
import { policyOptions } from '../retention/policy.ts';
import { objectLockModes, verifyChoices } from '../vocabulary.ts';
import { backupLogSchema } from './backup-log.ts';
import { checkedBy } from './checked-by.ts';
import { contactText } from './contact.ts';
import { copyOptions } from './copies.ts';
import { defaultLevel, planDefaults } from './defaults.ts';
import { hooksSchema } from './hooks.ts';
import { notifyOptions } from './notify.ts';
import { mostNightlyLockDays } from './object-lock.ts';
import { someText } from './options.ts';
import { placeOptions } from './place.ts';
import { secretSchema } from './secret.ts';
import { passwordPlace } from './secret-in-url.ts';
import { sourceName, sourceOptions } from './source.ts';
import { parseStoreUrl } from './store-url.ts';
import { withoutSchema } from './without.ts';

/** What one part of the file calls another by. */
const reference = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/);

/** A day: nobody waits longer for a lock, or for a dump that stands still. */
const mostWaitSeconds = 86_400;
/** Two weeks: Node.js's timers take hardly more. */
const mostRestoreSeconds = 1_209_600;

const pruneSchema = z.strictObject({
  ...policyOptions,
  /** The zone of the schedules, where all have the same. */
  timeZone: policyOptions.timeZone.unwrap().optional(),
  verified: z.boolean().default(true),
});

const checkedPlace = { url: checkedBy(parseStoreUrl, someText) };

const store = z.strictObject({
  name: reference,
  ...placeOptions,
  ...checkedPlace,
  prune: pruneSchema.optional(),
  /** Of a bucket with Object Lock: for how long nobody may delete what is written. */
  objectLock: z
    .strictObject({ mode: z.enum(objectLockModes), days: z.int().min(1).max(mostNightlyLockDays) })
    .optional(),
});

const source = z.strictObject({
  name: sourceName,
  /** What psql would take: a URL, keyword=value pairs, `service=…`. @default libpq's environment */
  url: someText
    .refine((text) => passwordPlace(text) === undefined, {
      error: ({ input }) => passwordPlace(String(input)),
    })
    .optional(),
  password: secretSchema.optional(),
  /** @default the only one there is */
  store: reference.optional(),
  ...sourceOptions,
  lockWaitSeconds: z.int().min(1).max(mostWaitSeconds).default(planDefaults.lockWaitSeconds),
  stallSeconds: z.int().min(10).max(mostWaitSeconds).default(planDefaults.stallSeconds),
});

const verify = z.strictObject({
  level: z.enum(verifyChoices).default(defaultLevel.functions),
  without: withoutSchema.default([]),
  allowUncontained: z.boolean().default(false),
  restoreTimeoutSeconds: z.int().min(1).max(mostRestoreSeconds).optional(),
});

/** `pgproof.yaml`: what a plain server's night is made of. `prefault`: an absent section is an empty one. */
export const nightSchema = z.strictObject({
  sources: z.array(source).min(1),
  stores: z.array(store).min(1),
  copies: z.array(z.strictObject({ ...copyOptions, ...checkedPlace })).default([]),
  /** Of stores that have none of their own. Where neither is there, nothing is ever deleted. */
  prune: pruneSchema.optional(),
  verify: verify.prefault({}),
  /** Whom RECOVERY.md beside the backups says to ask. */
  contact: contactText.optional(),
  notify: z.strictObject(notifyOptions).prefault({}),
  hooks: hooksSchema.optional(),
  backupLog: backupLogSchema.optional(),
});

export type NightConfig = z.infer<typeof nightSchema>;
export type NightSource = NightConfig['sources'][number];
export type NightStore = NightConfig['stores'][number];
export type NightCopy = NightConfig['copies'][number];
export type NightSchedule = NightSource['schedules'][number];
