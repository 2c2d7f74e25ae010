import * as z from 'zod';

/** The program and its arguments, handed over as they are: no shell, no blanks that part words. */
export const argumentList = z
  .array(z.string().refine((word) => !word.includes('\0')))
  .min(1)
  .refine(([program]) => program !== '', {
    error: 'expected the path or the name of a program as the first word',
  });

/** An hour is the most: a night waits for it. */
export const hookSeconds = { default: 60, most: 3_600 } as const;

const hookSchema = z.union([
  argumentList,
  z.strictObject({
    command: argumentList,
    timeoutSeconds: z.int().min(1).max(hookSeconds.most).optional(),
    /** Names of environment variables that it gets beside PATH, HOME and LANG. */
    environment: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).optional(),
  }),
]);

/** Programs that are told of what happened: `hooks`. What one of them does is no part of the backup; it fails none. */
export const hooksSchema = z.strictObject({
  /** After every database that was backed up, or was not. */
  afterBackup: hookSchema.optional(),
  /** After every run. */
  afterRun: hookSchema.optional(),
  /** After a run in which something went wrong, before `afterRun`. */
  onFailure: hookSchema.optional(),
});

export type HookSettings = Readonly<z.infer<typeof hookSchema>>;
export type HooksSettings = Readonly<z.infer<typeof hooksSchema>>;
