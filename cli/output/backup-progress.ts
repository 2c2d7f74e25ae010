import type { BackupProgress, OnProgress } from '../../core/backup/progress.ts';
import type { BackupResult } from '../../core/backup/report.ts';
import { remarksOf } from '../../core/manifest/remarks.ts';
import { isInOrder } from '../../core/manifest/verified.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { formatBytes, formatDuration, plural } from '../../core/text/units.ts';
import type { LiveLine } from './columns.ts';
import { liveLines } from './edge.ts';
import { indented } from './indented.ts';
import { type Pace, paceFrom } from './pace.ts';
import type { Style } from './style.ts';
import { checkLines, heldText, verdictText } from './verdicts.ts';

type Live = { readonly began: number; readonly pace: Pace; tables: number; dumped: number; doing: string };

const redrawMilliseconds = 100;

/**
 * Shows a backup as it goes on: on a terminal a line per database that moves, elsewhere (cron, journal) a line when
 * a database ends. Everything goes to standard error.
 */
export async function backupProgress(
  stream: NodeJS.WriteStream,
  style: Style,
): Promise<{ readonly on: OnProgress; readonly say: (line: string) => void; readonly stop: () => void }> {
  const live = new Map<string, Live>();
  const { draw, ...screen } = await liveLines(stream);
  const render = (): void =>
    draw?.([...live].map(([database, state]) => liveLine(database, state, style, now())));
  const timer = draw === undefined ? undefined : setInterval(render, redrawMilliseconds).unref();
  const sayLines = (lines: readonly string[]): void => {
    screen.say(lines);
    render();
  };
  const say = (line: string): void => sayLines([line]);
  /** What was said while a database's backup went on is not said again at its end. */
  const said = new Set<string>();
  const on = (event: BackupProgress): void => {
    if (event.kind === 'run-started') {
      const { databases, server, version, pgDump } = event;
      say(
        `PostgreSQL ${version} at ${server}, pg_dump ${pgDump}: ${databases.length} ${databases.length === 1 ? 'database' : 'databases'}`,
      );
      return;
    }
    if (event.kind === 'finished') {
      live.delete(event.result.database);
      sayLines(resultLines(event.result, style, said));
      return;
    }
    if (event.kind === 'warning') {
      said.add(remarkOn(event.database, oneLine(`pgproof: ${event.message}`)));
      say(`${style.yellow('!')} ${event.database}: ${event.message}`);
      return;
    }
    if (event.kind === 'started') {
      live.set(event.database, {
        began: now(),
        pace: paceFrom(now()),
        tables: event.tables,
        dumped: 0,
        doing: 'dumping',
      });
      return;
    }
    const state = live.get(event.database);
    if (state === undefined) return;
    if (event.kind === 'bytes') state.pace.note(event.bytes, now());
    else if (event.kind === 'table') state.dumped = event.dumped;
    else state.doing = event.kind;
  };
  return {
    on,
    say,
    stop: () => {
      clearInterval(timer);
      screen.stop();
    },
  };
}

function now(): number {
  return performance.now() / 1_000;
}

/** `⠙ app  dumping  120 MB, 38 MB/s  12/57 tables  3.2 s`; the rate only while bytes are to come. */
export function liveLine(
  database: string,
  { began, pace, tables, dumped, doing }: Live,
  style: Style,
  at: number,
): LiveLine {
  const frame = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[Math.floor(at * 10) % 10];
  const counts = `${Math.min(dumped, tables)}/${plural(tables, 'table')}`;
  const rate = doing === 'dumping' ? pace.rateText(at) : '';
  const took = formatDuration(at - began);
  return [
    `${style.cyan(frame ?? '·')} `,
    database,
    `  ${doing}  ${formatBytes(pace.bytes())}${rate}  ${counts}  ${took}`,
  ];
}

function resultLines(result: BackupResult, style: Style, said: ReadonlySet<string>): string[] {
  const name = result.database;
  // Who pressed Ctrl-C knows why; it is said once, at the end.
  if (result.status === 'failed' && result.error.name === 'Interrupted')
    return [`${style.red('✗')} ${name}: interrupted`];
  if (result.status === 'failed') {
    const reached = result.reached.bytes > 0 ? ` after ${formatBytes(result.reached.bytes)} of archive` : '';
    const kept = result.error.name === 'NotVerified' ? '' : `${reached}; nothing of it was kept in the store`;
    return [`${style.red('✗')} ${name}: ${style.red('failed')}${kept}`, ...indented(result.error.message)];
  }
  const { verification } = result;
  const lines = [
    `${style.green('✓')} ${name}: ${formatBytes(result.bytes)} in ${formatDuration(result.seconds)}`,
  ];
  if (verification !== undefined) {
    lines[0] += `, ${verdictText(verification, style)}${heldText(verification)}`;
    // Why level auto did not restore.
    const level = verification.checks.find(({ name }) => name === 'level');
    if (level !== undefined) lines.push(`${style.yellow('!')} ${name}: ${level.detail}`);
    if (!isInOrder(verification)) lines.push(...checkLines(verification, style));
  }
  const news = remarksOf(result.manifest).filter((remark) => !said.has(remarkOn(name, remark)));
  lines.push(...news.map((remark) => `${style.yellow('!')} ${name}: ${remark}`));
  return lines;
}

function remarkOn(database: string, remark: string): string {
  return JSON.stringify([database, remark]);
}
