import * as z from 'zod';
import { someText } from './options.ts';
import { secretSchema } from './secret.ts';

/** PostgreSQL cuts a longer name off without a word, and the view's is longer by its ending. */
export const logName = someText.refine((name) => Buffer.byteLength(name) <= 50 && !name.includes('\0'), {
  error: 'expected a name of at most 50 bytes',
});

/** Also of the command's flags. */
export const logPlaceDefaults = { schema: 'public', table: 'backup_log' } as const;

/** Where the table lies in its database. */
export const logTable = {
  schema: logName.default(logPlaceDefaults.schema),
  table: logName.default(logPlaceDefaults.table),
};

/** Where every run leaves a row for other people's monitoring: `backupLog`. */
export const backupLogSchema = z.strictObject({
  /** The database with the table, as a source's. */
  url: someText,
  password: secretSchema.optional(),
  ...logTable,
});

export type BackupLogSettings = Readonly<z.infer<typeof backupLogSchema>>;
