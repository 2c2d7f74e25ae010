import { type Rehearsal, rehearseGlobals, rehearseRestore } from '../../core/restore/rehearsal.ts';
import type { RestoreReport } from '../../core/restore/report.ts';
import { restoreBackup } from '../../core/restore/restore.ts';
import { type GlobalsReport, restoreGlobals } from '../../core/restore/restore-globals.ts';
import type { PreparedRestore } from './lambda-dependencies.ts';

/** Does what the event asks for. A rehearsal answers also where the restore would be refused: `wouldTry` says so. */
export async function answerRestore(
  prepared: PreparedRestore,
): Promise<RestoreReport | GlobalsReport | Rehearsal> {
  const { request, dependencies, chosen, dryRun, globalsOnly } = prepared;
  if (dryRun) return await (globalsOnly ? rehearseGlobals : rehearseRestore)(request, dependencies, chosen);
  return await (globalsOnly ? restoreGlobals : restoreBackup)(request, dependencies);
}

/** For the log, in which thousands of tables have no place. */
export function briefOf(answer: RestoreReport | GlobalsReport | Rehearsal): object {
  return 'tables' in answer ? { ...answer, tables: answer.tables.length } : answer;
}
