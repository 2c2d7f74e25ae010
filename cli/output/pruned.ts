import type { GroupReport, Orphan, Outcome, PrunedLine, PruneReport } from '../../core/prune/report.ts';
import { freedBytes } from '../../core/prune/report.ts';
import { dayIn, decisionsOn, reasonText, refusalText, stampOf } from '../../core/prune/words.ts';
import { formatBytes, plural } from '../../core/text/units.ts';
import { columnsOf } from './columns.ts';
import { type Style, table } from './style.ts';

/**
 * What prune did, or would do: a table per database, then what killed runs left, then the sum.
 *
 * @param width of the terminal; undefined where there is none, and lines are as long as they are
 */
export function prunedLines(report: PruneReport, style: Style, width?: number): string[] {
  const { groups, policy, extensions, notReached, leftoversUnknown } = report;
  const timeZone = policy?.timeZone ?? 'UTC';
  return [
    ...[...groups].sort(byName).flatMap((group) => [...groupLines(group, timeZone, style, width), '']),
    ...orphanLines(report, style, width),
    ...(report.notOrphans ?? []).map(({ id, why }) => `${style.yellow('!')} ${id} is no orphan: ${why}`),
    ...(leftoversUnknown === undefined
      ? []
      : [`${style.yellow('!')} Unfinished uploads could not be listed: ${leftoversUnknown}`, '']),
    ...extensions.map(({ id, until, error }) =>
      error === undefined
        ? `${id}: locked until ${dayIn(until, timeZone)}`
        : `${style.red('✗')} ${id}: its lock could not be made longer: ${error}`,
    ),
    ...notReached.map(
      ({ source, database }) =>
        `${style.yellow('!')} ${source}/${database}: time was up before it; it is the first next time`,
    ),
    ...sumLines(report, style),
  ];
}

function byName(one: GroupReport, other: GroupReport): number {
  return one.source.localeCompare(other.source, 'en') || one.database.localeCompare(other.database, 'en');
}

/** Of the columns before WHY, with the longest words in them. */
const columnsBeforeWhy = 54;
const leastWhy = 26;
/** In so much room reasons with all that they say mostly fit on a line. */
const roomyWhy = 70;

function groupLines(
  group: GroupReport,
  timeZone: string,
  style: Style,
  width: number = Number.POSITIVE_INFINITY,
): string[] {
  const { source, database, systemIdentifier, lines, refusal } = group;
  const cluster = systemIdentifier === undefined ? '' : style.dim(`  (cluster ${systemIdentifier})`);
  const room = Math.max(leastWhy, width - columnsBeforeWhy);
  const rows = lines.flatMap((line) => {
    const [why = '', ...more] = wrapped(whyText(line, timeZone, room < roomyWhy), room);
    const first = [
      stampOf(line.id),
      actionText(line, style),
      line.bytes === undefined ? '' : formatBytes(line.bytes),
      line.until === undefined || line.action === 'remove' ? '' : dayIn(line.until, timeZone),
      why,
    ];
    return [first, ...more.map((rest) => ['', '', '', '', rest])];
  });
  return [
    `${style.bold(`${source}/${database}`)}${cluster}`,
    ...table(['BACKUP', '', 'ARCHIVE', 'UNTIL', 'WHY'], rows, [2], { width }),
    ...decisionsOn(lines).map((text) => `${style.yellow('!')} ${text}`),
    ...(refusal === undefined ? [] : refusalLines(refusal, lines, style)),
  ];
}

function refusalLines(
  refusal: NonNullable<GroupReport['refusal']>,
  lines: GroupReport['lines'],
  style: Style,
): string[] {
  const { what, fix } = refusalText(refusal, lines);
  return [`${style.red('✗')} Nothing goes: ${what}`, `  ${fix}`];
}

/** A text in lines that are no longer than that, broken between words. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && columnsOf(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function actionText({ action, outcome }: PrunedLine, style: Style): string {
  if (action === 'keep') return style.green('keep');
  switch (outcome?.kind) {
    case undefined:
      return style.yellow('would go');
    case 'gone':
      return style.yellow('gone');
    case 'left':
      return style.yellow('left');
    case 'failed':
      return style.red('failed');
  }
}

function whyText({ reasons, outcome }: PrunedLine, timeZone: string, isShort: boolean): string {
  const why = reasons.map((reason) => reasonText(reason, timeZone, isShort)).join(', ');
  return outcome === undefined || outcome.kind === 'gone' ? why : `${why}; ${outcome.why}`;
}

function orphanLines({ orphans, leftovers }: PruneReport, style: Style, width?: number): string[] {
  const rows = [
    ...orphans.map((orphan) => [
      orphan.id,
      plural(orphan.objects, 'object'),
      formatBytes(orphan.bytes),
      orphan.newestAt.toISOString().slice(0, 10),
      orphanText(orphan, style),
    ]),
    ...leftovers.map(({ name, bytes, newestAt, outcome }) => [
      name,
      'unfinished',
      bytes === undefined ? '' : formatBytes(bytes),
      newestAt?.toISOString().slice(0, 10) ?? '',
      outcomeText(outcome, '--sweep takes it', style),
    ]),
  ];
  if (rows.length === 0) return [];
  return [
    style.bold('No backups, but bytes'),
    ...table(['WHERE', 'WHAT', 'BYTES', 'SINCE', ''], rows, [2], { width }),
    '',
  ];
}

function orphanText({ id, origin, outcome }: Orphan, style: Style): string {
  const how =
    origin === 'pruned'
      ? 'prune did not come to its end: --sweep takes it'
      : `no manifest: --orphan ${id} takes it`;
  return outcomeText(outcome, how, style);
}

function outcomeText(outcome: Outcome | undefined, how: string, style: Style): string {
  switch (outcome?.kind) {
    case undefined:
      return how;
    case 'gone':
      return style.yellow('gone');
    case 'left':
      return `left: ${outcome.why}`;
    case 'failed':
      return style.red(`failed: ${outcome.why}`);
  }
}

function sumLines(report: PruneReport, style: Style): string[] {
  if (report.policy === undefined) return [leftSum(report)];
  const lines = report.groups.flatMap((group) => group.lines);
  const kept = lines.filter(({ action }) => action === 'keep').length;
  const going = lines.filter(({ action }) => action === 'remove');
  if (!report.applied) {
    const bytes = going.reduce((sum, line) => sum + (line.bytes ?? 0), 0);
    return [
      `${plural(kept, 'backup')} kept, ${style.bold(`${plural(going.length, 'backup')} would go`)} (${formatBytes(bytes)}). Nothing was deleted: add --yes.`,
    ];
  }
  const many = (kind: Outcome['kind']): number =>
    going.filter(({ outcome }) => outcome?.kind === kind).length;
  const [left, failed] = [many('left'), many('failed')];
  const rest = [...(left === 0 ? [] : [`${left} left`]), ...(failed === 0 ? [] : [`${failed} failed`])];
  return [
    `${[
      `${plural(kept, 'backup')} kept`,
      `${plural(many('gone'), 'backup')} gone (${formatBytes(freedBytes(report))})`,
      ...rest,
    ].join(', ')}.`,
  ];
}

/** Where nobody asked about backups. */
function leftSum({ applied, orphans, leftovers }: PruneReport): string {
  const all = [...orphans, ...leftovers];
  const asked = 'No backup was looked at, for there is no --keep.';
  if (all.length === 0) return `${asked} Nothing is left of killed runs.`;
  const gone = all.filter(({ outcome }) => outcome?.kind === 'gone').length;
  const rest = applied ? `, ${gone} gone` : '. Nothing was deleted: add --yes';
  return `${asked} ${plural(all.length, 'leftover')}${rest}.`;
}
