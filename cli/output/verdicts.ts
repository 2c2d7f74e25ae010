import { type Brief, briefOf } from '../../core/manifest/brief.ts';
import { Unreadable } from '../../core/manifest/document.ts';
import { historyLimit } from '../../core/manifest/verdict-in-force.ts';
import { isPass, type PastRun, type Verification } from '../../core/manifest/verification.ts';
import type { Verified } from '../../core/manifest/verified.ts';
import { type Style, table } from './style.ts';

/** The verdict in its colour, of a verification that is there whole. */
export function verdictText(verification: Verification | Unreadable | undefined, style: Style): string {
  const isWhole = verification !== undefined && !(verification instanceof Unreadable);
  const { text, colour } = verdictWords(isWhole ? briefOf(verification) : verification);
  return style[colour](text);
}

export type VerdictText = { readonly text: string; readonly colour: 'red' | 'green' | 'yellow' | 'dim' };

/**
 * The verdict, and what it does not say by itself: how deep the backup was passed, and that it may be of another manifest.
 * What was never verified is not silent about it.
 */
export function verdictWords(brief: Brief | Unreadable | undefined): VerdictText {
  if (brief === undefined) return { text: 'not verified', colour: 'dim' };
  if (brief instanceof Unreadable) return { text: 'unreadable', colour: 'red' };
  const { verdict, level, reached, good, manifestSha256 } = brief;
  const isTold = verdict === 'unverifiable' ? reached !== null : verdict === 'intact' && reached !== level;
  const text = [
    `${verdict} (${level})`,
    ...(isTold ? [`reached ${reached}`] : []),
    ...(manifestSha256 === undefined ? ['unbound'] : []),
  ].join(', ');
  if (verdict === 'failed') return { text, colour: 'red' };
  return { text, colour: isPass(verdict) && good ? 'green' : 'yellow' };
}

const shownNotCompared = 3;

/** One line of what no check compared; none where all was. */
export function notComparedLine(
  { notCompared = [] }: Pick<Verification, 'notCompared'>,
  style: Style,
): string[] {
  if (notCompared.length === 0) return [];
  const more = notCompared.length - shownNotCompared;
  const rest = more > 0 ? `; and ${more} more (--json shows all)` : '';
  const text = notCompared.slice(0, shownNotCompared).join('; ');
  return [`  ${style.yellow('!')} not compared: ${text}${rest}`];
}

/** Every check of a verification, a line each. */
export function checkLines({ checks }: Pick<Verification, 'checks'>, style: Style): string[] {
  const marks = { passed: style.green('✓'), failed: style.red('✗'), unverifiable: style.yellow('?') };
  const width = checks.reduce((most, { name }) => Math.max(most, Math.min(name.length, 20)), 9);
  return checks.map((check) => `  ${marks[check.status]} ${check.name.padEnd(width)} ${check.detail}`);
}

/** A run with its checks, and the verdict that stays in force where that is another. */
export function verifiedLines(verified: Verified, style: Style): string[] {
  const { inForce } = verified;
  const stays =
    inForce === undefined ? [] : [`In force stays: ${verdictText(inForce, style)}, of ${inForce.startedAt}`];
  return [
    `${verified.id}: ${verdictText(verified, style)}${heldText(verified)}`,
    ...checkLines(verified, style),
    ...withoutLines(verified),
    ...notComparedLine(verified, style),
    ...stays,
  ];
}

/** How the backup's SQL was held while it ran, after the verdict; nothing where it did not run. */
export function heldText({ isolation }: Pick<Verification, 'isolation'>): string {
  if (isolation === undefined) return '';
  if (isolation.kind === 'sandboxed') return `, contained by ${isolation.by ?? isolation.detail}`;
  return isolation.kind === 'own-machine' ? ', on a machine of its own' : ', not contained';
}

/** The same in a word, for a column; nothing where the backup's SQL did not run. */
export function containedWord({ isolation }: Pick<Brief, 'isolation'>): string {
  if (isolation === undefined) return '';
  if (isolation.kind === 'sandboxed') return isolation.by ?? 'yes';
  return isolation.kind === 'own-machine' ? 'own machine' : 'no';
}

/** What a `proven-without` was accepted to lack. */
export function withoutLines({ without = [] }: Pick<Verification, 'without'>): string[] {
  return without.map((what) => `  without ${what}`);
}

/** The runs that are not in force, the newest first, each with what it did not pass. */
export function historyTable(history: readonly PastRun[], width?: number): string[] {
  const rows = history
    .slice(0, historyLimit)
    .map(({ startedAt, verdict, level, reached, notPassed, without = [] }) => [
      startedAt,
      `${verdict} (${level})`,
      reached ?? '',
      [
        ...notPassed.map(({ name, detail }) => `${name}: ${shortened(detail)}`),
        ...without.map((what) => `without ${what}`),
      ].join('; '),
    ]);
  return table(['OTHER RUNS', 'VERDICT', 'REACHED', 'NOT PASSED'], rows, [], { width });
}

const detailShown = 100;

function shortened(detail: string): string {
  return detail.length <= detailShown ? detail : `${detail.slice(0, detailShown - 1)}…`;
}
