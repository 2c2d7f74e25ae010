import type { Rehearsal, RehearsedFinding } from '../../core/restore/rehearsal.ts';
import { formatAge } from '../../core/text/units.ts';
import { measuredLine } from './measured.ts';
import type { Style } from './style.ts';

/** What a restore would do and what stands in its way, for people. */
export function rehearsalLines(rehearsal: Rehearsal, style: Style, now: Date): string[] {
  const { id, backedUpAt, verdict, isGood, server, serverVersion, database, steps, measured, findings } =
    rehearsal;
  const age = formatAge((now.getTime() - Date.parse(backedUpAt)) / 1_000);
  const place = `${database === null ? '' : `${JSON.stringify(database)} on `}${server} (PostgreSQL ${serverVersion})`;
  const state = verdict ?? 'not verified';
  return [
    `Backup  ${id}, ${age} old, ${isGood ? style.green(state) : style.yellow(state)}`,
    `Into    ${place}`,
    `Time    ${measured === null ? 'not measured: no proof of it recorded its times' : measuredLine(measured)}`,
    '',
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    '',
    ...findings.flatMap((finding) => findingLines(finding, style)),
  ];
}

function findingLines({ subject, status, detail, expected, fix }: RehearsedFinding, style: Style): string[] {
  const right = expected === undefined ? '' : ` (expected ${expected})`;
  const line = `${sign(status, style)} ${subject.padEnd(widestSubject)}  ${detail}${right}`;
  return fix === undefined || status === 'ok' ? [line] : [line, `  ${''.padEnd(widestSubject)}  ${fix}`];
}

const widestSubject = 'connections'.length;

function sign(status: RehearsedFinding['status'], style: Style): string {
  switch (status) {
    case 'ok':
      return style.green('✓');
    case 'refused':
      return style.red('✗');
    case 'warning':
      return style.yellow('!');
    case 'unknown':
      return style.yellow('?');
  }
}

/** What came of it, in one line. */
export function rehearsalSummary({ wouldTry, findings }: Rehearsal, style: Style): string {
  if (wouldTry) return `${style.green('✓')} The restore would be tried. Nothing was made.`;
  const count = findings.filter(({ status }) => status === 'refused').length;
  return `${style.red('✗')} The restore would be refused: ${count === 1 ? 'one thing stands' : `${count} things stand`} in its way. Nothing was made.`;
}
