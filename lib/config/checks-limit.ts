/**
 * Lambda allows 4 KB for all of a function's variables together, and the others need their part.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const checksLimitBytes = 2_500;

/** What the checks take in the function's environment. */
export function checksBytes(checks: unknown): number {
  return Buffer.byteLength(JSON.stringify(checks));
}
