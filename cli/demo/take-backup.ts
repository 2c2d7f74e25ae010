import { backup } from '../../core/backup/backup.ts';
import type { BackupPlan } from '../../core/backup/plan.ts';
import { BackupFailed, isGoodResult } from '../../core/backup/report.ts';
import { planDefaults } from '../../core/config/defaults.ts';
import { listBackups } from '../../core/inventory/list-backups.ts';
import { parseId } from '../../core/manifest/backup-id.ts';
import type { Verified } from '../../core/manifest/verified.ts';
import { type Channel, type Notifier, notifier } from '../../core/notify/notifier.ts';
import type { Uncontained } from '../../core/postgres/server/uncontained.ts';
import type { Source } from '../../core/source/source.ts';
import type { Store } from '../../core/store/store.ts';
import { verifyAndTell } from '../../core/verify/verify-and-tell.ts';
import { backupProgress } from '../output/backup-progress.ts';
import { tell, tellText } from '../output/edge.ts';
import { listRow, listTable } from '../output/list-table.ts';
import { styleFor } from '../output/style.ts';
import { summaryTable } from '../output/tables.ts';
import { machinePrograms } from '../programs.ts';

const style = styleFor(process.stderr);

export function say(text: string): void {
  tellText(process.stderr, `${text}\n`);
}

export function sayStep(number: number, title: string): void {
  say(`\n${style.bold(style.cyan(`${number}. ${title}`))}`);
}

/** What the functions do every night, with their defaults. */
export const demoPlan: BackupPlan = {
  ...planDefaults,
  databases: [],
  excludeDatabases: [],
  compression: undefined,
};

/** Alerts go where an SNS topic's subscribers would read them; here that is the terminal. */
const terminal: Channel = {
  publish: async ({ subject, text }) => {
    const lines = [style.bold(subject), '', ...text.split('\n')];
    say(lines.map((line) => `${style.red('│')} ${line}`.trimEnd()).join('\n'));
  },
};

export const terminalNotifier: Notifier = notifier(terminal, 'failures');

/** Backs up and verifies, and prints the tables. @throws BackupFailed */
export async function takeBackup(
  source: Source,
  store: Store,
  directory: string,
  signal: AbortSignal,
  uncontained: Uncontained,
): Promise<void> {
  const progress = await backupProgress(process.stderr, style);
  const clock = (): Date => new Date();
  const programs = machinePrograms({ signal, onProgress: say });
  const verify = (id: string): Promise<Verified> =>
    verifyAndTell(
      { id: parseId(id), level: 'auto' },
      { ...programs, store, clock, signal, uncontained, notifier: terminalNotifier },
    );
  try {
    const report = await backup(demoPlan, {
      source,
      store,
      clock,
      verify,
      signal,
      tools: programs.tools,
      notifier: terminalNotifier,
      onProgress: progress.on,
    });
    progress.stop();
    tell(process.stdout, ['', ...summaryTable(report, styleFor(process.stdout), process.stdout.columns)]);
    if (!report.databases.every(isGoodResult)) throw new BackupFailed(report);
  } finally {
    progress.stop();
  }
  const entries = await listBackups(store, { source: source.name }, { signal });
  say(`\nThe store ${directory} now holds, of this server:\n`);
  const rows = entries.map((entry) => listRow(entry, clock()));
  tell(process.stdout, [...listTable(rows, styleFor(process.stdout), process.stdout.columns)]);
  say(`\nEach is a directory: archive.dump (for pg_restore), globals.sql, manifest.json, verification.json.`);
}
