import { formatBytes, formatDuration } from '../text/units.ts';

/** What happened, to whoever is to hear of it. Values only; nothing in it may be secret. */
export type Incident = {
  readonly outcome: 'failed' | 'unverifiable' | 'good';
  readonly work: 'backup' | 'verification' | 'restore';
  readonly source: string;
  /** Absent where the whole run failed. */
  readonly database?: string | undefined;
  readonly store: string;
  readonly id?: string | undefined;
  readonly at: Date;
  /** What happened, in one sentence. */
  readonly what: string;
  /** The same as short as can be, for the subject. Default: `what`. */
  readonly headline?: string | undefined;
  /** The programs' own words, redacted. */
  readonly words?: string | undefined;
  /** What to do. */
  readonly fix?: string | undefined;
  readonly reached?: { readonly bytes: number; readonly tables: number } | undefined;
  readonly bytes?: number | undefined;
  readonly seconds?: number | undefined;
  readonly schedule?: string | undefined;
  readonly reason?: string | undefined;
};

/** A message, ready for every way it may go. */
export type Alert = {
  /** At most 99 ASCII characters, no control characters: SNS refuses any other subject. */
  readonly subject: string;
  readonly text: string;
  /** The custom notification of Amazon Q Developer in chat applications, which shows it in Slack. */
  readonly chat: { readonly version: '1.0'; readonly source: 'custom'; readonly content: ChatContent };
};

type ChatContent = {
  readonly textType: 'client-markdown';
  readonly title: string;
  readonly description: string;
  readonly nextSteps?: readonly string[];
};

/** SNS documents "less than 100 characters long" (Publish, Subject). */
const subjectLimit = 99;
const textLimit = 16_000;

const headlines = {
  backup: { failed: 'BACKUP FAILED', unverifiable: 'BACKUP NOT VERIFIED', good: 'Backup done' },
  verification: { failed: 'BACKUP IS BAD', unverifiable: 'BACKUP NOT VERIFIED', good: 'Backup verified' },
  restore: { failed: 'RESTORE FAILED', unverifiable: 'RESTORE FAILED', good: 'Restored' },
} as const;

export function composeAlert(incident: Incident): Alert {
  const where = incident.database === undefined ? incident.source : `${incident.source}/${incident.database}`;
  const headline = headlines[incident.work][incident.outcome];
  const title = `${headline} ${where}`;
  const text = bodyOf(incident, title);
  return {
    subject: asciiLine(`${title}: ${incident.headline ?? incident.what}`, subjectLimit),
    text,
    chat: {
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: `${incident.outcome === 'good' ? ':white_check_mark:' : ':rotating_light:'} ${oneLine(title)}`,
        description: cut(text, 3_000),
        ...(incident.fix === undefined ? {} : { nextSteps: [incident.fix] }),
      },
    },
  };
}

function bodyOf(incident: Incident, title: string): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Source', incident.source],
    ['Database', incident.database],
    ['Store', incident.store],
    ['Backup', incident.id],
    ['When', incident.at.toISOString()],
    ['Size', incident.bytes === undefined ? undefined : formatBytes(incident.bytes)],
    ['Took', incident.seconds === undefined ? undefined : formatDuration(incident.seconds)],
    [
      'Got to',
      incident.reached &&
        `${formatBytes(incident.reached.bytes)} of archive, ${incident.reached.tables} tables begun`,
    ],
    ['Schedule', incident.schedule],
    ['Reason', incident.reason],
  ];
  const lines = facts.flatMap(([label, value]) =>
    value === undefined ? [] : [`${`${label}:`.padEnd(10)} ${oneLine(value)}`],
  );
  const parts = [oneLine(title), incident.what, lines.join('\n')];
  if (incident.words !== undefined && !incident.what.includes(incident.words))
    parts.push(`In its own words:\n${incident.words}`);
  if (incident.fix !== undefined) parts.push(`What to do: ${incident.fix}`);
  return cut(parts.join('\n\n'), textLimit);
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** Accents fall off, whatever else is not ASCII becomes a question mark. */
function asciiLine(text: string, limit: number): string {
  const ascii = oneLine(text.replace(/…/g, '...'))
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?');
  return ascii.length <= limit ? ascii : `${ascii.slice(0, limit - 3)}...`;
}
