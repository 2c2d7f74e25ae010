import * as z from 'zod';
import { argumentList } from './hooks.ts';
import { someText } from './options.ts';

/** A check that takes longer is stopped, and decides nothing. */
export const checkSeconds = { default: 300, most: 3_600 } as const;

/**
 * What must be true of every restored database, or of the one that is named: SQL that returns one row with one column that is
 * true, or a program that ends with exit status 0 (1 is false).
 */
const checkSchema = z
  .strictObject({
    /** What messages call it. @default the SQL, or the program with its arguments */
    name: someText.optional(),
    /** Only for backups of this database. @default every one */
    database: someText.optional(),
    sql: someText.optional(),
    /** Handed over as it is, no shell reads it. It runs contained, as the restored server does. */
    command: argumentList
      .refine(([program = '']) => program.startsWith('/') || !program.includes('/'), {
        error: 'expected an absolute path, or the name of a program of the system, as the first word',
      })
      .optional(),
    /** Of a command. */
    timeoutSeconds: z.int().min(1).max(checkSeconds.most).optional(),
  })
  .superRefine(({ sql, command, timeoutSeconds }, context) => {
    const problem = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (sql === undefined && command === undefined) problem('sql', 'expected sql or command');
    if (sql !== undefined && command !== undefined) problem('command', 'expected nothing beside sql');
    if (timeoutSeconds !== undefined && command === undefined)
      problem('timeoutSeconds', 'expected nothing without command');
  });

export type UserCheck = Readonly<z.infer<typeof checkSchema>>;

export const checksSchema = z.array(checkSchema);
