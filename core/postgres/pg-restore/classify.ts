import { extensionName } from '../archive/entry-label.ts';
import { affectedBy, type Toc } from '../archive/toc.ts';
import type { Complaint } from './messages.ts';
import { bringsIn, missedObject } from './named-object.ts';
import { outsideOf } from './outside.ts';
import { isAtConnecting, isProgramsOwn, reasonIn, withoutNames } from './reason.ts';
import type { RestoreProblem } from './restoration.ts';
import { lacks } from './server-lacks.ts';

/**
 * Settings that a newer pg_dump writes at the beginning of every script, and that an older server does not know; without
 * them everything is the same.
 */
const harmless =
  /^unrecognized configuration parameter "(?:transaction_timeout|idle_in_transaction_session_timeout|default_table_access_method)"/;

/**
 * Judges one message; undefined where it means nothing.
 * @param asSuperuser a superuser restores: rights that are lacking are another role's then, as the backup gives them
 * @param mustBeRead the program is as new as the one that wrote the archive: what it cannot read is damaged
 */
export function judge(
  complaint: Complaint,
  asSuperuser: boolean = false,
  mustBeRead: boolean = false,
): RestoreProblem | undefined {
  const reason = reasonIn(complaint.message);
  if (harmless.test(reason)) return undefined;
  if (isProgramsOwn(complaint.message) && (damage.test(reason) || (mustBeRead && version.test(reason))))
    return {
      fault: 'backup',
      endsRestore: true,
      isDamage: true,
      ...complaint,
      message: `the archive is damaged: ${complaint.message}`,
    };
  const outside = outsideOf(complaint.message);
  if (outside !== undefined) return { fault: 'environment', missing: outside, ...complaint };
  for (const { words, missing, endsRestore, ofRole, remedy, kind } of lacks) {
    const match = words.exec(reason);
    if (match === null) continue;
    if (asSuperuser && ofRole) return { fault: 'backup', lacksRights: true, ...complaint };
    const named = missing.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    const isEnd = endsRestore || isAtConnecting(complaint.message);
    return {
      fault: 'environment',
      missing: named,
      ...complaint,
      ...(isEnd ? { endsRestore: true } : {}),
      ...(kind === undefined ? {} : { lacking: { kind, name: match[1] ?? '' } }),
      // Of a library only where it is the session that wants it.
      ...(remedy === undefined || (remedy === 'without session libraries' && !isEnd) ? {} : { remedy }),
    };
  }
  // Nobody is let in, for a reason that we do not know: nothing of the archive was looked at.
  if (isAtConnecting(complaint.message))
    return { fault: 'environment', missing: 'a session in the database', endsRestore: true, ...complaint };
  return { fault: 'backup', ...complaint };
}

/**
 * pg_restore's own words of bytes that are not what pg_dump writes. They are told at what was read last, which may be any
 * entry.
 */
const damage =
  /^(?:could not read from input file|could not (?:un|de)compress|did not find magic string|(?:input file|archive) (?:appears|does not appear) |corrupt tar header|could not find header for file|incomplete tar header|unexpected (?:data offset flag|end of file)|entry ID \S+ out of range|dependency ID |file offset in dump file is too large|expected format \(|found unexpected block ID|could not find block ID|unrecognized data block type|unrecognized (?:file format|encoding)|invalid (?:ENCODING|STDSTRINGS|SEARCHPATH|dumpId|compression code)|don't know how to set owner|sanity check on integer size)/;

const version = /^unsupported version \(.+?\) in file header/;

/** What is said where something should be there and is not. A role is never what an extension brings. */
const consequence =
  /^(?!role "").*does not exist|is not a member|cannot be (?:matched|cast)|current transaction is aborted|no unique constraint matching|has no default operator class|has not been populated|is only a shell/i;
const lacksRows = /violates foreign key constraint/;

function isConsequence(reason: string): boolean {
  return consequence.test(withoutNames(reason));
}

function isForRows(reason: string): boolean {
  return lacksRows.test(withoutNames(reason));
}

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
  const roots = new Map([...causes.keys()].map((id) => [id, id]));
  const affected = affectedBy(toc, roots);
  const withoutRows = affectedBy(toc, tablesWithoutRows(toc, roots));
  const extensions = toc.entries.flatMap(({ dumpId, type }) =>
    type === 'EXTENSION' && causes.has(dumpId) ? [dumpId] : [],
  );
  const isAffected = bringsIn(
    toc.entries.filter(({ dumpId }) => affected.has(dumpId)),
    toc,
  );
  const isOfArchive = bringsIn(toc.entries, toc);

  const rootsOf = (problem: RestoreProblem): readonly number[] => {
    const reason = reasonIn(problem.message);
    const id = problem.entry?.dumpId;
    const one = (root: number | undefined): readonly number[] => (root === undefined ? [] : [root]);
    const ofEntry = id === undefined ? undefined : affected.get(id);
    if (isForRows(reason)) return one((id === undefined ? undefined : withoutRows.get(id)) ?? ofEntry);
    if (!isConsequence(reason)) return [];
    if (ofEntry !== undefined || reason.startsWith('column ')) return one(ofEntry);
    const missed = missedObject(reason);
    if (missed === undefined) return extensions;
    // The table of contents does not say what a function's body calls.
    if (isAffected(missed)) return [...causes.keys()].slice(0, 1);
    // What the archive never held an extension would have brought: which one of several, nobody says.
    return isOfArchive(missed) ? [] : extensions;
  };
  return problems.map((problem) => {
    const found = problem.fault === 'backup' ? rootsOf(problem) : [];
    if (found.length === 0) return problem;
    const missing = found.map((id) => causes.get(id)).join(' or ');
    return { ...problem, fault: 'environment' as const, missing, causes: found };
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
    const name = extensionName({ label });
    causes.set(dumpId, type === 'EXTENSION' ? `extension "${name}"` : 'what was left out');
  }
  for (const { fault, missing, entry } of problems)
    if (fault === 'environment' && missing !== undefined && entry !== undefined && !causes.has(entry.dumpId))
      causes.set(entry.dumpId, missing);
  return causes;
}

/** Rows depend on their table, and a foreign key on both tables, but not on their rows. */
function tablesWithoutRows<Cause>({ entries }: Toc, causes: ReadonlyMap<number, Cause>): Map<number, Cause> {
  const tables = new Map<number, Cause>();
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
    return cause !== undefined && (isConsequence(reason) || isForRows(reason))
      ? { ...problem, fault: 'environment' as const, missing: cause }
      : problem;
  });
}
