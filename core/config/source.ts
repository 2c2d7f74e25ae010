import * as z from 'zod';
import { isTimeZone } from '../text/time-zone.ts';
import { tlsModes } from '../vocabulary.ts';
import { checkedBy } from './checked-by.ts';
import { checksSchema } from './checks.ts';
import { cronText } from './crontab.ts';
import { planDefaults } from './defaults.ts';
import { hostName, names, port, runOptions, someText } from './options.ts';
import { checkSourceName, sourceNamePattern } from './source-name.ts';
import { selectionOptions } from './table-selection.ts';

/** The first part of every id of its backups. */
export const sourceName = checkedBy(checkSourceName, z.string().regex(sourceNamePattern));

/** When a source is backed up, and what is done otherwise then. */
const scheduleSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  /** The five fields of crontab(5), or EventBridge's `cron(…)`, which it is once it was read. */
  cron: cronText,
  timeZone: z.string().refine(isTimeZone).default('UTC'),
  ...runOptions,
});

/** What is said of a server wherever it is backed up from. How to log in is another matter. */
export const sourceOptions = {
  host: hostName.optional(),
  port: port.optional(),
  maintenanceDatabase: someText.optional(),
  sslMode: z.enum(tlsModes).optional(),
  /** Path of a PEM file with the authorities to trust, where the configuration lies or is deployed from. */
  caFile: someText.optional(),
  databases: names.optional(),
  excludeDatabases: names.optional(),
  /** For those of its schedules that say nothing else. */
  ...selectionOptions,
  /** Asked of every restored backup. */
  checks: checksSchema.min(1).optional(),
  fingerprint: z.boolean().default(planDefaults.fingerprint),
  /** The roles and tablespaces of the server. */
  globals: z.strictObject({ rolePasswords: z.boolean().default(planDefaults.rolePasswords) }).prefault({}),
  schedules: z.array(scheduleSchema).min(1),
};
