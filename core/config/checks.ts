import * as z from 'zod';
import { someText } from './options.ts';

/** SQL that must return one row with one column that is true, in every restored database or in the one that is named. */
const checkSchema = z.strictObject({
  /** What messages call it. @default the SQL itself */
  name: someText.optional(),
  /** Only for backups of this database. @default every one */
  database: someText.optional(),
  sql: someText,
});

export type UserCheck = Readonly<z.infer<typeof checkSchema>>;

export const checksSchema = z.array(checkSchema);
