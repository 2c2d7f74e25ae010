import { affectedBy, type Toc } from '../archive/toc.ts';
import type { Complaint } from './messages.ts';
import { nameIn, namesIn } from './named-object.ts';
import type { RestoreProblem } from './restoration.ts';
import { lacks, reasonIn } from './server-lacks.ts';

/**
 * Settings that a newer pg_dump writes at the beginning of every script, and that an older server does not know; without
 * them everything is the same.
 */
const harmless =
  /^unrecognized configuration parameter "(?:transaction_timeout|idle_in_transaction_session_timeout|default_table_access_method)"/;

/**
 * Judges one message; undefined where it means nothing.
 * @param asSuperuser a superuser restores: rights that are lacking are another role's then, as the backup gives them
 */
export function judge(complaint: Complaint, asSuperuser: boolean = false): RestoreProblem | undefined {
  const reason = reasonIn(complaint.message);
  if (harmless.test(reason)) return undefined;
  for (const { words, missing, endsRestore, ofRole } of lacks) {
    if (asSuperuser && ofRole) continue;
    const match = words.exec(reason);
    if (match === null) continue;
    const named = missing.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    return {
      fault: 'environment',
      missing: named,
      ...complaint,
      ...(endsRestore === undefined ? {} : { endsRestore }),
    };
  }
  return { fault: 'backup', ...complaint };
}

/** What is said where something should be there and is not. A role is never what an extension brings. */
const consequence =
  /^(?!role ").*does not exist|is not a member|cannot be (?:matched|cast)|current transaction is aborted|no unique constraint matching|has no default operator class|has not been populated|is only a shell/i;
const lacksRows = /violates foreign key constraint/;

/**
 * Puts right what followed from something else: an index on a column whose type belongs to an extension that is not
 * there is that extension's fault, not the backup's; so is a foreign key to a table whose rows found no room.
 *
 * @param toc absent of plain SQL: there whatever "does not exist" after something lacked is its consequence
 * @param leftOut entries that were not restored at all, because of an extension or because the caller did not ask for them
 */
export function settle(
  problems: readonly RestoreProblem[],
  toc: Toc | undefined,
  leftOut: ReadonlySet<number> = new Set(),
): RestoreProblem[] {
  if (toc === undefined) return settleInOrder(problems);
  const causes = causesIn(problems, toc, leftOut);
  if (causes.size === 0) return [...problems];
  const types = new Map(toc.entries.map(({ dumpId, type }) => [dumpId, type]));
  const affected = affectedBy(toc, causes);
  const withoutRows = affectedBy(toc, tablesWithoutRows(toc, causes));
  const extension = [...causes].find(([id]) => types.get(id) === 'EXTENSION')?.[1];
  const affectedNames = namesIn(toc.entries.filter(({ dumpId }) => affected.has(dumpId)));
  const allNames = namesIn(toc.entries);

  const causeOf = (problem: RestoreProblem): string | undefined => {
    const reason = reasonIn(problem.message);
    const id = problem.entry?.dumpId;
    if (lacksRows.test(reason))
      return id === undefined ? undefined : (withoutRows.get(id) ?? affected.get(id));
    if (!consequence.test(reason)) return undefined;
    const ofEntry = id === undefined ? undefined : affected.get(id);
    if (ofEntry !== undefined || reason.startsWith('column ')) return ofEntry;
    const name = nameIn(reason);
    // The table of contents does not say what a function's body calls.
    if (name !== undefined && affectedNames(name)) return [...causes.values()][0];
    // What the archive never held, an extension would have brought.
    const isOfArchive = name !== undefined && allNames(name);
    return isOfArchive ? undefined : extension;
  };
  return problems.map((problem) => {
    const missing = problem.fault === 'backup' ? causeOf(problem) : undefined;
    return missing === undefined ? problem : { ...problem, fault: 'environment' as const, missing };
  });
}

/** What lacks, by the entry that lacks it. */
function causesIn(
  problems: readonly RestoreProblem[],
  { entries }: Toc,
  leftOut: ReadonlySet<number>,
): Map<number, string> {
  const causes = new Map<number, string>();
  for (const { dumpId, type, label } of entries) {
    if (!leftOut.has(dumpId)) continue;
    const name = label.replace(/^- /, '').trim();
    causes.set(dumpId, type === 'EXTENSION' ? `extension "${name}"` : 'what was left out');
  }
  for (const { fault, missing, entry } of problems)
    if (fault === 'environment' && missing !== undefined && entry !== undefined && !causes.has(entry.dumpId))
      causes.set(entry.dumpId, missing);
  return causes;
}

/** Rows depend on their table, and a foreign key on both tables, but not on their rows. */
function tablesWithoutRows({ entries }: Toc, causes: ReadonlyMap<number, string>): Map<number, string> {
  const tables = new Map<number, string>();
  for (const { dumpId, type, dependsOn } of entries) {
    const cause = type === 'TABLE DATA' ? causes.get(dumpId) : undefined;
    if (cause !== undefined) for (const table of dependsOn) tables.set(table, cause);
  }
  return tables;
}

function settleInOrder(problems: readonly RestoreProblem[]): RestoreProblem[] {
  let cause: string | undefined;
  return problems.map((problem) => {
    if (problem.fault === 'environment') {
      cause ??= problem.missing;
      return problem;
    }
    const reason = reasonIn(problem.message);
    return cause !== undefined && (consequence.test(reason) || lacksRows.test(reason))
      ? { ...problem, fault: 'environment' as const, missing: cause }
      : problem;
  });
}
