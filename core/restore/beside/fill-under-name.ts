import { messageOf, PgproofError } from '../../errors.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import { readMade } from '../before.ts';
import { type Filled, fillTarget, type Run } from '../fill-target.ts';
import { TargetRefused } from '../finding.ts';
import type { Renamed } from '../report.ts';
import { renameBack, renameExisting, undoRename } from './rename-existing.ts';

/** The restore failed, and the tables of before have other names still. */
export class RenameNotUndone extends PgproofError {
  override readonly name = 'RenameNotUndone';
}

/**
 * Restores tables under their own names into a database that has such tables: those get other names first. The restore
 * is one transaction, so that the tables are there whole or not at all; where it fails those of before get their names back.
 *
 * @param notes takes what people should know of it
 */
export async function fillUnderName(run: Run, notes: string[]): Promise<Filled> {
  const { request, dependencies, program, server, inTheWay } = run;
  const { target, signal, clock, onStep } = dependencies;
  const { database } = request;
  const made = await renameExisting(inTheWay, { target, database, signal, now: clock() });
  notes.push(...made.notes);
  // A newer pg_restore begins with settings that an older server refuses: in one transaction nothing would come.
  const isAtOnce = program.major <= server.major;
  const selection = isAtOnce ? [...run.selection, '--single-transaction'] : run.selection;
  let filled: Filled;
  try {
    filled = await fillTarget({ ...run, selection }, 1, notes);
  } catch (error: unknown) {
    await giveBack(run, made.renamed, error);
    throw error;
  }
  if (filled.problems.length > 0) {
    await giveBack(run, made.renamed, new Error(filled.problems[0]?.message));
    return { ...filled, isUnchanged: true };
  }
  // From here on it is there, whoever is interrupted.
  onStep?.('counting');
  return { ...filled, renamed: made.renamed, undo: await undoStatements(run, made.renamed) };
}

/** Also when the work was aborted. @throws RenameNotUndone */
async function giveBack(run: Run, renamed: readonly Renamed[], cause: unknown): Promise<void> {
  if (renamed.length === 0) return;
  const { request, dependencies } = run;
  try {
    await undoRename(renamed, { target: dependencies.target, database: request.database });
  } catch (error: unknown) {
    const undo = await undoStatements(run, renamed).catch(() => renameBack(renamed));
    throw new RenameNotUndone(
      {
        what: `The restore failed (${messageOf(cause)}), and the tables of before have their other names still`,
        got: error instanceof TargetRefused ? (error.problem.got ?? error.problem.what) : messageOf(error),
        fix: `Give them their names back: ${undo.join(' ')}`,
      },
      { cause },
    );
  }
}

/** They drop what was restored, and nothing else, and give the names back; all or nothing. */
async function undoStatements(
  { request, dependencies, choice }: Run,
  renamed: readonly Renamed[],
): Promise<string[]> {
  if (renamed.length === 0) return [];
  const { target } = dependencies;
  const drops = await withConnection(target, { database: request.database }, (client) =>
    readMade(client, choice?.makes ?? []),
  );
  return ['BEGIN;', ...drops, ...renameBack(renamed), 'COMMIT;'];
}
