import { oneLine } from '../text/one-line.ts';
import { formatBytes, formatDuration, plural } from '../text/units.ts';
import { visibleLines } from '../text/visible.ts';
import { chatText } from './chat-text.ts';

/** What happened, to whoever is to hear of it. Values only; nothing in it may be secret. */
export type Outcome = {
  /** `doubtful`: it went well, and somebody should look at what it found. */
  readonly result: 'failed' | 'unverifiable' | 'doubtful' | 'good';
  readonly work: 'backup' | 'verification' | 'restore' | 'copy' | 'prune';
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
  /** What people should know although it went well, a line each. */
  readonly remarks?: readonly string[] | undefined;
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
  /** The same on one line in any script, for ways that take it. Default: `subject`. */
  readonly title?: string | undefined;
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
/** Longer than programs for mail show. */
const titleLimit = 200;
export const textLimit = 16_000;
/** Lines are not cut by themselves: the whole text and the subject are. */
const whole = { limit: Number.POSITIVE_INFINITY };

const headlines = {
  backup: {
    failed: 'BACKUP FAILED',
    unverifiable: 'BACKUP NOT VERIFIED',
    doubtful: 'LOOK AT BACKUP',
    good: 'Backup done',
  },
  verification: {
    failed: 'BACKUP IS BAD',
    unverifiable: 'BACKUP NOT VERIFIED',
    doubtful: 'LOOK AT BACKUP',
    good: 'Backup verified',
  },
  restore: {
    failed: 'RESTORE FAILED',
    unverifiable: 'RESTORE FAILED',
    doubtful: 'LOOK AT RESTORE',
    good: 'Restored',
  },
  copy: {
    failed: 'NOT COPIED',
    unverifiable: 'COPY NOT CHECKED',
    doubtful: 'LOOK AT COPY',
    good: 'Copied',
  },
  // Nothing is lost by it: more is kept than was meant to be.
  prune: {
    failed: 'NOT PRUNED',
    unverifiable: 'NOT PRUNED',
    doubtful: 'LOOK AT PRUNE',
    good: 'Pruned',
  },
} as const;

const signs = {
  failed: ':rotating_light:',
  unverifiable: ':rotating_light:',
  doubtful: ':warning:',
  good: ':white_check_mark:',
} as const;

export function composeAlert(outcome: Outcome): Alert {
  const title = titleOf(outcome);
  return asAlert({
    subject: `${title}: ${outcome.headline ?? outcome.what}`,
    title,
    text: bodyOf(outcome, textLimit),
    result: outcome.result,
    fix: outcome.fix,
  });
}

/** `BACKUP FAILED shop/app` */
export function titleOf({ work, result, source, database }: Outcome): string {
  return `${headlines[work][result]} ${database === undefined ? source : `${source}/${database}`}`;
}

/** A message of these words, for every way it may go. */
export function asAlert({
  subject,
  title,
  text,
  result,
  fix,
}: {
  readonly subject: string;
  readonly title: string;
  readonly text: string;
  readonly result: Outcome['result'];
  readonly fix?: string | undefined;
}): Alert {
  return {
    subject: asciiLine(subject, subjectLimit),
    title: oneLine(subject, { limit: titleLimit }),
    text,
    chat: {
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: `${signs[result]} ${chatText(oneLine(title, whole))}`,
        description: cut(chatText(text), 3_000),
        ...(fix === undefined ? {} : { nextSteps: [chatText(visibleLines(fix))] }),
      },
    },
  };
}

/** All that there is to say of one outcome, in at most so many characters. */
export function bodyOf(outcome: Outcome, limit: number): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Source', outcome.source],
    ['Database', outcome.database],
    ['Store', outcome.store],
    ['Backup', outcome.id],
    ['When', outcome.at.toISOString()],
    ['Size', outcome.bytes === undefined ? undefined : formatBytes(outcome.bytes)],
    ['Took', outcome.seconds === undefined ? undefined : formatDuration(outcome.seconds)],
    [
      'Got to',
      outcome.reached &&
        `${formatBytes(outcome.reached.bytes)} of archive, ${plural(outcome.reached.tables, 'table')} begun`,
    ],
    ['Schedule', outcome.schedule],
    ['Reason', outcome.reason],
  ];
  const lines = facts.flatMap(([label, value]) =>
    value === undefined ? [] : [`${`${label}:`.padEnd(10)} ${oneLine(value, whole)}`],
  );
  const parts = [oneLine(titleOf(outcome), whole), oneLine(outcome.what, whole), lines.join('\n')];
  if (outcome.words !== undefined && !outcome.what.includes(outcome.words))
    parts.push(`In its own words:\n${set(outcome.words, margin)}`);
  const { remarks = [] } = outcome;
  if (remarks.length > 0)
    parts.push(`To know:\n${remarks.map((remark) => `- ${oneLine(remark, whole)}`).join('\n')}`);
  if (outcome.fix !== undefined) parts.push(set(`What to do: ${outcome.fix}`, ''));
  return cut(parts.join('\n\n'), limit);
}

/** What was said by others, or names them, begins further to the right: no line of it can be taken for one of ours. */
const margin = '  ';

function set(text: string, first: string): string {
  return first + visibleLines(text).replaceAll('\n', `\n${margin}`);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** Accents fall off, whatever else is not ASCII becomes a question mark. */
function asciiLine(text: string, limit: number): string {
  const ascii = oneLine(text.replace(/…/g, '...'), whole)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?');
  return ascii.length <= limit ? ascii : `${ascii.slice(0, limit - 3)}...`;
}
