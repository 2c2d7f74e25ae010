import { dependentsOf } from './contents.ts';
import type { Complaint } from './messages.ts';
import type { Contents, RestoreProblem } from './restoration.ts';

/**
 * What a server or a program says when it lacks something, whatever the backup is like. In English: LC_ALL and
 * lc_messages see to that. `missing` says what it lacks, `$1` being what the pattern caught.
 */
const limits: readonly { readonly words: RegExp; readonly missing: string }[] = [
  { words: /extension "(.+?)" is not available/, missing: 'extension "$1"' },
  {
    words: /extension "(.+?)" has no installation script nor update path for version "(.+?)"/,
    missing: 'version $2 of extension "$1"',
  },
  { words: /could not open extension control file ".*\/(.+?)\.control"/, missing: 'extension "$1"' },
  { words: /could not (?:access|load) (?:file|library) "(.+?)"/, missing: 'library "$1"' },
  {
    words: /"?(\w+)"? must be loaded via (?:"?shared_preload_libraries|shared_preload)/,
    missing: '"$1" in shared_preload_libraries',
  },
  {
    words: /(\S+) can only be loaded via shared_preload_libraries/,
    missing: '$1 in shared_preload_libraries',
  },
  { words: /invalid (?:LC_\w+ )?locale name:? "(.*?)"/, missing: 'locale "$1"' },
  { words: /could not create locale "(.*?)"/, missing: 'locale "$1"' },
  { words: /could not open collator for locale "(.*?)"/, missing: 'ICU locale "$1"' },
  { words: /ICU is not supported in this build/, missing: 'ICU' },
  { words: /collation "(.+?)" for encoding "(.+?)" does not exist/, missing: 'collation "$1" for $2' },
  { words: /encoding "(.+?)" does not match locale/, missing: 'a locale for $1' },
  {
    words: /language "(plpython\w*|plperl\w*|pltcl\w*|plv8\w*|plr|pljava\w*)" does not exist/,
    missing: 'language "$1"',
  },
  { words: /tablespace "(.+?)" does not exist/, missing: 'tablespace "$1"' },
  { words: /directory "(.+?)" does not exist/, missing: 'directory "$1"' },
  { words: /could not (?:create|set permissions on) directory "(.+?)"/, missing: 'directory "$1"' },
  { words: /No space left on device|could not extend file|disk full/i, missing: 'room on the disk' },
  {
    words: /out of memory|Cannot allocate memory|could not resize shared memory segment/i,
    missing: 'memory',
  },
  { words: /out of shared memory/i, missing: 'room for locks (max_locks_per_transaction)' },
  { words: /too many connections|remaining connection slots/i, missing: 'a free connection' },
  {
    words: /unsupported version \((.+?)\) in file header/,
    missing: 'a pg_restore that reads archives of version $1',
  },
  {
    words: /this build does not support compression|compression is not supported by this installation/i,
    missing: 'a pg_restore that knows this compression',
  },
  { words: /must be superuser|permission denied (?:to|for) /i, missing: 'rights of the role that restores' },
  {
    words:
      /must be (?:owner|member) of|must have (?:CREATE|admin option|CREATEROLE)|must be able to SET ROLE/i,
    missing: 'rights of the role that restores',
  },
  {
    words:
      /server closed the connection unexpectedly|terminating connection|connection to server .* failed|connection not open|no connection to the server|SSL connection has been closed|the database system is (?:shutting down|starting up|in recovery mode)/i,
    missing: 'a server that stays up',
  },
  { words: /canceling statement due to (?:statement timeout|lock timeout|user request)/i, missing: 'time' },
  {
    words: /unrecognized configuration parameter "(.+?)"/,
    missing: 'the setting "$1" (a library, or a newer PostgreSQL)',
  },
  { words: /could not load library|undefined symbol/, missing: 'a library of the server' },
];

/**
 * Settings that a newer pg_dump writes at the beginning of every script, and that an older server has not; without
 * them everything is the same.
 */
const harmless =
  /unrecognized configuration parameter "(?:transaction_timeout|idle_in_transaction_session_timeout|default_table_access_method)"/;

/** Judges one message; undefined where it means nothing. */
export function judge(complaint: Complaint): RestoreProblem | undefined {
  if (harmless.test(complaint.message)) return undefined;
  for (const { words, missing } of limits) {
    const match = words.exec(complaint.message);
    if (match === null) continue;
    const named = missing.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    return { fault: 'limit', missing: named, ...complaint };
  }
  return { fault: 'backup', ...complaint };
}

const consequence =
  /does not exist|is not a member|cannot be (?:matched|cast)|current transaction is aborted/i;

/**
 * Puts right what followed from something else: an index on a column whose type belongs to an extension that is not
 * there is that extension's fault, not the backup's.
 *
 * @param contents absent of plain SQL: there whatever "does not exist" after something lacked is its consequence
 */
export function settle(
  problems: readonly RestoreProblem[],
  contents: Contents | undefined,
): RestoreProblem[] {
  if (contents === undefined) return settleInOrder(problems);
  const lacking = new Set(
    problems.flatMap(({ fault, entry }) => (fault === 'limit' && entry !== undefined ? [entry.dumpId] : [])),
  );
  const affected = dependentsOf(contents, lacking);
  const cause = problems.find(({ fault }) => fault === 'limit')?.missing;
  return problems.map((problem) => {
    const id = problem.entry?.dumpId;
    const follows =
      id !== undefined && (affected.has(id) || lacking.has(id)) && consequence.test(problem.message);
    return problem.fault === 'backup' && follows
      ? { ...problem, fault: 'limit' as const, missing: cause }
      : problem;
  });
}

function settleInOrder(problems: readonly RestoreProblem[]): RestoreProblem[] {
  let cause: string | undefined;
  return problems.map((problem) => {
    if (problem.fault === 'limit') cause ??= problem.missing;
    else if (cause !== undefined && consequence.test(problem.message))
      return { ...problem, fault: 'limit' as const, missing: cause };
    return problem;
  });
}
