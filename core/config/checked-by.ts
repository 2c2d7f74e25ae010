import * as z from 'zod';
import { messageOf, PgproofError } from '../errors.ts';

/** A text that a parser judges; what that says becomes the problem of whoever set it. */
export function checkedBy(parse: (text: string) => unknown, schema: z.ZodString = z.string()): z.ZodString {
  return schema.superRefine((text, context) => {
    try {
      parse(text);
    } catch (error: unknown) {
      context.addIssue({ code: 'custom', message: withoutFix(error) });
    }
  });
}

/** The fix of a parser is about the command's flags. */
function withoutFix(error: unknown): string {
  if (!(error instanceof PgproofError)) return messageOf(error);
  const { what, got, expected } = error.problem;
  return `${what}${got === undefined ? '' : `: ${got}`}${expected === undefined ? '' : ` (expected ${expected})`}`;
}
