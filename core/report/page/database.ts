import { localTime } from '../../retention/calendar.ts';
import { formatBytes, formatDuration } from '../../text/units.ts';
import type { Hashed, ReportedBackup, ReportedDatabase, ReportedProof } from '../document.ts';
import {
  dayRuns,
  longTime,
  recoveryPointText,
  recoveryTimeText,
  standingOf,
  takenText,
  verdictOf,
} from '../words.ts';
import { type Content, html, htmlTable, type Markup } from './markup.ts';

/** One database's part of the page. */
export function* databaseSections(database: ReportedDatabase, timeZone: string): Generator<Markup> {
  const { source, backups, proofs, restsOn } = database;
  yield html`<section>
<h2>${source} / ${database.database}</h2>
<dl>
${factsOf(database, timeZone).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
`;
  if (backups.length > 0) yield backupTable(backups, timeZone);
  if (proofs.length > 0) yield proofTable(proofs, timeZone);
  if (restsOn.length > 0) yield hashTable(restsOn);
  yield html`</section>\n`;
}

function factsOf(database: ReportedDatabase, timeZone: string): (readonly [string, Content])[] {
  const { backups, proofs, gaps, vanished, gone } = database;
  const { days, removedDays, longest, beforeFirst } = gaps;
  const local = (time: string): string => localTime(Date.parse(time), timeZone);
  const taken = takenText(database);
  const good = backups.filter(({ counts }) => counts).length;
  return [
    ['Backups', backups.length === 0 ? bad('none') : `${backups.length}, ${good} count`],
    ['Verifications', proofs.length],
    [
      'Days without one that counts',
      days.length === 0
        ? html`<span class="good">none</span>`
        : bad(`${days.length}: ${dayRuns(days.map(({ date }) => date)).join(', ')}`),
    ],
    ...(removedDays.length === 0
      ? []
      : [['Days whose backups retention took', dayRuns(removedDays).join(', ')] as const]),
    ...(longest === null
      ? []
      : [
          [
            'Longest without a new one',
            `${longTime(longest.seconds)}, ${local(longest.from)} until ${local(longest.until)}`,
          ] as const,
        ]),
    ...(beforeFirst === null ? [] : [['First backup', local(beforeFirst.until)] as const]),
    ['Recovery time', recoveryTimeText(database)],
    ['Recovery point', recoveryPointText(database)],
    ...(taken === undefined ? [] : [['Of what is left only', taken] as const]),
    ...(vanished === null
      ? []
      : [
          [
            'Not backed up any more',
            bad(`last ${vanished.lastBackup}; others of its source until ${local(vanished.othersUntil)}`),
          ] as const,
        ]),
    ...(gone.every(({ removedByPrune }) => removedByPrune)
      ? []
      : [['Not there any more', goneText(gone)] as const]),
  ];
}

const shownGone = 20;

function goneText(gone: ReportedDatabase['gone']): Content {
  const others = gone.filter(({ removedByPrune }) => !removedByPrune);
  const more = others.length - shownGone;
  const ids = others
    .slice(0, shownGone)
    .map(({ id }) => id)
    .join(', ');
  return bad(
    `Made by a run, and no record says who removed it: ${ids}${more > 0 ? `, and ${more} more` : ''}`,
  );
}

function bad(text: string): Markup {
  return html`<span class="bad">${text}</span>`;
}

function backupTable(backups: readonly ReportedBackup[], timeZone: string): Markup {
  const rows = backups.map((backup) => {
    const { startedAt, finishedAt, archiveBytes, provenAt, held, partial, future } = backup;
    const seconds =
      finishedAt === null ? undefined : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
    const notes = [
      ...(partial ? ['partial'] : []),
      ...(future ? ['dated in the future'] : []),
      ...(held === null ? [] : [`held by ${held.by}: ${held.reason}`]),
    ];
    return [
      localTime(Date.parse(startedAt), timeZone),
      seconds === undefined ? 'unreadable' : formatDuration(seconds),
      archiveBytes === null ? '' : formatBytes(archiveBytes),
      html`<span class="${standingOf(backup)}">${verdictOf(backup)}</span>${notes.length === 0 ? '' : `; ${notes.join('; ')}`}`,
      provenAt === null ? 'never' : localTime(Date.parse(provenAt), timeZone),
    ];
  });
  return htmlTable(
    'Backups taken',
    [
      { head: 'Begun' },
      { head: 'Took', isNumber: true },
      { head: 'Archive', isNumber: true },
      { head: 'Verdict in force' },
      { head: 'Last proven' },
    ],
    rows,
  );
}

function proofTable(proofs: readonly ReportedProof[], timeZone: string): Markup {
  const rows = proofs.map((proof) => {
    const { backup, startedAt, level, verdict, inForce, ofOtherManifest, notPassed, timings } = proof;
    const notes = [
      ...(inForce ? [] : ['not in force']),
      ...(ofOtherManifest ? ['of another manifest'] : []),
      ...notPassed.map(({ name, detail }) => `${name}: ${detail}`),
    ];
    return [
      localTime(Date.parse(startedAt), timeZone),
      backup.slice(backup.lastIndexOf('/') + 1),
      html`<span class="${verdict === 'failed' ? 'bad' : verdict === 'unverifiable' ? 'look' : 'good'}">${verdict} (${level})</span>${notes.length === 0 ? '' : `; ${notes.join('; ')}`}`,
      timings === null ? '' : formatDuration(timings.fetchSeconds),
      timings?.restoreSeconds === undefined ? '' : formatDuration(timings.restoreSeconds),
    ];
  });
  return htmlTable(
    'Verifications',
    [
      { head: 'Begun' },
      { head: 'Of the backup' },
      { head: 'Verdict' },
      { head: 'Fetch', isNumber: true },
      { head: 'Restore', isNumber: true },
    ],
    rows,
  );
}

function hashTable(restsOn: ReportedDatabase['restsOn']): Markup {
  const rows = restsOn.flatMap(({ manifest, verification }) =>
    [manifest, verification]
      .filter((one): one is Hashed => one !== null)
      .map(({ key, sha256 }) => [html`<code>${key}</code>`, html`<code>${sha256}</code>`]),
  );
  return htmlTable('What this rests on', [{ head: 'Object' }, { head: 'SHA-256' }], rows);
}
