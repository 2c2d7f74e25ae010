import type { Check } from '../../manifest/verification.ts';
import { oneLine } from '../../text/one-line.ts';
import { formatCount } from '../../text/units.ts';

const shownDifferences = 10;

/**
 * A check from what it found: faults of the backup condemn it; without any, what could not be decided says so;
 * with neither it passed.
 */
export function checkOf(
  name: string,
  found: {
    readonly faults: readonly string[];
    readonly limits?: readonly string[];
    readonly passed: string;
    /** Told beside the verdict, which does not depend on it. */
    readonly notCompared?: readonly string[];
  },
): Check {
  const { faults, limits = [], passed, notCompared = [] } = found;
  const rest = notCompared.length === 0 ? {} : { notCompared: [...notCompared] };
  if (faults.length > 0) return { name, status: 'failed', detail: firstOf(faults, 'differences'), ...rest };
  if (limits.length > 0) return { name, status: 'unverifiable', detail: firstOf(limits), ...rest };
  return { name, status: 'passed', detail: oneLine(passed), ...rest };
}

/** The first ten, and how many more there are. `noun` counts them in front. */
export function firstOf(lines: readonly string[], noun?: string): string {
  const shown = lines
    .slice(0, shownDifferences)
    .map((line) => oneLine(line))
    .join('; ');
  const more = lines.length - shownDifferences;
  if (lines.length === 1) return shown;
  const rest = more > 0 ? `; and ${formatCount(more)} more` : '';
  const count = noun === undefined ? '' : `${formatCount(lines.length)} ${noun}: `;
  return `${count}${shown}${rest}`;
}
