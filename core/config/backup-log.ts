import * as z from 'zod';
import { someText } from './options.ts';
import { secretSchema } from './secret.ts';

/** PostgreSQL cuts a longer name off without a word, and the view's is longer by its ending. */
const identifier = someText.refine((name) => Buffer.byteLength(name) <= 50 && !name.includes('\0'), {
  error: 'expected a name of at most 50 bytes',
});

/** Where every run leaves a row for other people's monitoring: `backupLog`. */
export const backupLogSchema = z.strictObject({
  /** The database with the table, as a source's. */
  url: someText,
  password: secretSchema.optional(),
  schema: identifier.default('public'),
  table: identifier.default('backup_log'),
});

export type BackupLogSettings = Readonly<z.infer<typeof backupLogSchema>>;
