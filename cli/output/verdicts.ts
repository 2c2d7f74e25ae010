import type { Verification } from '../../core/manifest/verification.ts';
import type { Style } from './style.ts';

/** The verdict in its colour; what was never verified is not silent about it. */
export function verdictText(
  verification: Verification | { readonly unreadable: string } | undefined,
  style: Style,
): string {
  if (verification === undefined) return style.dim('not verified');
  if ('unreadable' in verification) return style.red('unreadable');
  const text = `${verification.verdict} (${verification.level})`;
  switch (verification.verdict) {
    case 'proven':
    case 'intact':
      return style.green(text);
    case 'failed':
      return style.red(text);
    case 'unverifiable':
      return style.yellow(text);
  }
}

/** Every check of a verification, a line each. */
export function checkLines(verification: Verification, style: Style): string[] {
  const marks = { passed: style.green('✓'), failed: style.red('✗'), unverifiable: style.yellow('?') };
  const width = Math.max(9, ...verification.checks.map(({ name }) => name.length));
  return verification.checks.map(
    (check) => `  ${marks[check.status]} ${check.name.padEnd(width)} ${check.detail}`,
  );
}
