import { withoutSecrets } from '../../process/redact.ts';
import { visibleLines } from '../../text/visible.ts';
import { version } from '../../version.ts';
import type { Verdict } from '../../vocabulary.ts';
import type { RunEvent } from '../run-events.ts';
import type { LogColumn, LogStatus } from './table.ts';

/** What is known of one database in one run, by column. */
export type LogRow = Readonly<
  Partial<Record<LogColumn, string | number | Date | readonly string[] | null>>
> & {
  readonly run: string;
  readonly source: string;
  readonly database_name: string;
  readonly started_at: Date;
  readonly status: LogStatus;
};

/** Longer ones are a program's whole output, which is in the run's own log. */
const errorCharacters = 4_000;

/** Fit for a text column, which holds no zero byte, and for other people's screens. */
export function errorText(text: string): string {
  const clean = visibleLines(withoutSecrets(text));
  return clean.length <= errorCharacters ? clean : `${clean.slice(0, errorCharacters - 1)}…`;
}

const goodVerdicts: ReadonlySet<Verdict> = new Set(['proven', 'proven-without', 'intact']);

type OfDatabase = Extract<RunEvent, { readonly database: string }>;

/** The row after an event of its database; undefined where the event makes none (a backup of another run). */
export function rowAfter(row: LogRow | undefined, event: OfDatabase): LogRow | undefined {
  switch (event.kind) {
    case 'backup-started':
      return { ...newRow(event, event.at), ...row };
    case 'backup-done':
      return {
        ...newRow(event, event.startedAt),
        ...row,
        status: 'completed',
        started_at: row?.started_at ?? event.startedAt,
        // It is heard of once it was verified.
        completed_at: new Date(
          Math.min(event.at.getTime(), event.startedAt.getTime() + event.seconds * 1_000),
        ),
        duration_seconds: event.seconds,
        backup_id: event.id,
        backup_file: event.archive,
        backup_size_bytes: event.bytes,
        error_message: null,
        rows: event.rows ?? null,
      };
    case 'backup-failed':
      return {
        ...newRow(event, new Date(event.at.getTime() - event.seconds * 1_000)),
        ...row,
        status: 'failed',
        completed_at: event.at,
        duration_seconds: event.seconds,
        error_message: errorText(event.error),
      };
    case 'verified':
    case 'copied':
      return row?.backup_id === event.id ? { ...row, ...changesBy(row, event) } : undefined;
    case 'pruned':
      return row;
  }
}

/** No database can have it (PostgreSQL refuses a name without a letter), so that it stands for all of a source. */
const wholeSource = '';

/**
 * The row of a run in which something went wrong that is in no row of a database: a server that does not answer, a store
 * that is away. Undefined where there is nothing more to say.
 */
export function rowOfWhole(
  event: Extract<RunEvent, { readonly kind: 'run-finished' }>,
  ofRun: readonly LogRow[],
): LogRow | undefined {
  const { ok, at, seconds, problems } = event;
  const isSaid = ofRun.some(({ status, error_message }) => status === 'failed' || error_message != null);
  if (ok || problems.length === 0 || isSaid) return undefined;
  return {
    ...newRow({ ...event, database: wholeSource }, new Date(at.getTime() - seconds * 1_000)),
    status: 'failed',
    completed_at: at,
    duration_seconds: seconds,
    error_message: errorText(problems.join('\n')),
  };
}

/** What a verification or a copy changes in the row of its backup, of whichever run that is. */
export function changesBy(
  row: LogRow | undefined,
  event: Extract<RunEvent, { readonly kind: 'verified' | 'copied' }>,
): Partial<LogRow> {
  const error = event.error === undefined ? {} : { error_message: joined(row?.error_message, event.error) };
  if (event.kind === 'copied') {
    if (event.error !== undefined) return error;
    const others = Array.isArray(row?.copied_to) ? (row.copied_to as readonly string[]) : [];
    return { copied_to: [...new Set([...others, event.to])], copied_at: event.at };
  }
  return {
    ...error,
    ...(event.verdict === 'failed' ? { status: 'failed' as const } : {}),
    ...(event.verdict === undefined
      ? {}
      : { verdict: event.verdict, level: event.level ?? null, verified_at: event.at }),
    ...(event.verdict !== undefined && goodVerdicts.has(event.verdict)
      ? { status: 'completed' as const }
      : {}),
  };
}

function joined(before: unknown, error: string): string {
  return errorText(typeof before === 'string' && before !== '' ? `${before}\n${error}` : error);
}

function newRow(
  event: Pick<OfDatabase, 'run' | 'source' | 'schedule' | 'database'>,
  startedAt: Date,
): LogRow {
  return {
    run: event.run,
    source: event.source,
    schedule: event.schedule ?? null,
    database_name: event.database,
    status: 'running',
    started_at: startedAt,
    pgproof_version: version,
  };
}
