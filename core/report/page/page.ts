import { createHash } from 'node:crypto';
import { localTime } from '../../retention/calendar.ts';
import { plural } from '../../text/units.ts';
import type { Report } from '../document.ts';
import { recoveryPointText, recoveryTimeText, scopeText } from '../words.ts';
import { databaseSections } from './database.ts';
import { type Content, html, htmlTable, Markup } from './markup.ts';
import { style } from './style.ts';

/**
 * A report as one page of HTML: no script, and nothing that is fetched. In parts, as all together may be large.
 */
export function* reportPage(report: Report): Generator<string> {
  yield head(report).html;
  yield summary(report).html;
  for (const database of report.databases)
    for (const section of databaseSections(database, report.timeZone)) yield section.html;
  yield failedRuns(report).html;
  yield unreadable(report).html;
  yield foot(report).html;
}

function head({ month, store }: Report): Markup {
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Backups of ${month} in ${store}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
`;
}

function summary(report: Report): Markup {
  const { month, store, totals, madeAt, madeBy, only, timeZone } = report;
  const filters = [
    ...(only.source === null ? [] : [`source ${only.source}`]),
    ...(only.database === null ? [] : [`database ${only.database}`]),
  ];
  const facts: (readonly [string, Content])[] = [
    ['Store', html`<code>${store}</code>`],
    ...(filters.length === 0 ? [] : [['Only', filters.join(', ')] as const]),
    ['Period', `${local(report.from, timeZone)} until ${local(report.until, timeZone)}`],
    ['Databases', totals.databases],
    ['Backups', `${totals.backups}, ${totals.good} of them good`],
    ['Verifications', totals.proofs],
    ['Gaps', gapsText(report)],
    ['Failed runs', totals.failedRuns],
    ['Unreadable', totals.unreadable],
    ['Made', `${local(madeAt, timeZone)} by ${madeBy.by} with pgproof ${madeBy.pgproof}`],
  ];
  return html`<h1>Backups of ${month}</h1>
<p class="dim">${scopeText(report)}</p>
<dl>
${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<p>It says what lies in the store now, with the verdicts as they are now: a backup that was deleted since has left only its id, if that.
A backup <em>counts</em> where nothing in it failed, every stored byte at least was read back, and no table was left out of it on purpose.
A day is covered by a backup that counts and began on it.</p>
${report.databases.length === 0 ? html`<p class="bad">There was no database in it to report on.</p>` : overview(report)}`;
}

function gapsText({ hasGaps, isWhole, totals, databases }: Report): Content {
  if (!hasGaps) return html`<span class="good">none</span>`;
  const vanished = databases.filter((one) => one.vanished !== null).length;
  const text = [
    ...(isWhole ? [] : ['not all could be looked at (see the end)']),
    ...(databases.length === 0 ? ['no backup of any database'] : []),
    ...(totals.gapDays === 0 ? [] : [plural(totals.gapDays, 'day of a database', 'days of databases')]),
    ...(vanished === 0 ? [] : [`${plural(vanished, 'database')} not backed up any more`]),
  ];
  return html`<span class="bad">${text.join(', ')}</span>`;
}

function overview({ databases }: Report): Markup {
  return htmlTable(
    'Databases',
    [
      { head: 'Database' },
      { head: 'Backups', isNumber: true },
      { head: 'Good', isNumber: true },
      { head: 'Gap days', isNumber: true },
      { head: 'Recovery time' },
      { head: 'Recovery point' },
    ],
    databases.map((one) => [
      `${one.source} / ${one.database}`,
      one.backups.length,
      one.backups.filter(({ good }) => good).length,
      one.gaps.days.length === 0 ? '0' : html`<span class="bad">${one.gaps.days.length}</span>`,
      recoveryTimeText(one),
      recoveryPointText(one),
    ]),
  );
}

function failedRuns({ failedRuns: runs, timeZone }: Report): Markup {
  if (runs.length === 0) return html``;
  const rows = runs.map(({ source, schedule, startedAt, problems }) => [
    local(startedAt, timeZone),
    source,
    schedule,
    html`<ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`,
  ]);
  const columns = [{ head: 'Begun' }, { head: 'Source' }, { head: 'Schedule' }, { head: 'What was told' }];
  return html`<h2>Runs that failed</h2>\n${htmlTable('Runs', columns, rows)}`;
}

function unreadable({ unreadable: all }: Report): Markup {
  if (all.length === 0) return html``;
  const rows = all.map(({ key, why }) => [html`<code>${key}</code>`, why]);
  return html`<h2>What could not be read</h2>\n${htmlTable('It says nothing here', [{ head: 'Object' }, { head: 'Why' }], rows)}`;
}

function foot({ madeBy }: Report): Markup {
  return html`</main>
<footer><p class="dim">pgproof ${madeBy.pgproof}. SHA-256 is of the bytes as they were read: <code>sha256sum</code> of the object tells whether it is the same.</p></footer>
</body>
</html>
`;
}

function local(time: string, timeZone: string): string {
  return localTime(Date.parse(time), timeZone);
}
