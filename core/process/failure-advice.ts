/** A reason for which PostgreSQL's servers and programs give up, and what helps. */
type Reason = {
  /** As servers give it (PostgreSQL's manual, appendix A). Programs repeat the server's words and not its code. */
  readonly sqlState?: string;
  readonly words: RegExp;
  readonly fix: string;
};

const reasons: readonly Reason[] = [
  {
    sqlState: '42501',
    words: /row-level security|row security/i,
    fix: 'Give the role BYPASSRLS (ALTER ROLE … BYPASSRLS), or back up as the owner of the tables: rows that are hidden would be lost.',
  },
  {
    sqlState: '42501',
    words: /permission denied/i,
    fix: 'Grant the role what it lacks: GRANT pg_read_all_data TO … is enough for a whole database (PostgreSQL 14 and newer).',
  },
  {
    sqlState: '55P03',
    words: /lock timeout|statement timeout[\s\S]*LOCK TABLE .* MODE/i,
    fix: 'Something held a lock for longer than the lock wait (--lock-wait-timeout) allows; find it in pg_locks, or allow more.',
  },
  {
    sqlState: '40001',
    words: /conflict with recovery/i,
    fix: 'The standby cancelled it; raise max_standby_streaming_delay or set hot_standby_feedback = on there.',
  },
  {
    words: /server version mismatch/i,
    fix: "A pg_dump of the server's major version or newer is needed: npm run layers -- --major N.",
  },
  { words: /No space left on device/i, fix: 'Free or add disk space, then run again.' },
  {
    sqlState: '57P01',
    words: /server closed the connection|terminating connection|connection to server|could not receive data/i,
    fix: "The connection to the server was lost: look at the server's log for that minute, then run again.",
  },
  {
    sqlState: '53200',
    words: /out of shared memory|max_locks_per_transaction/i,
    fix: 'Raise max_locks_per_transaction on the server: a backup locks every table at once.',
  },
  {
    // In another language than English nothing else can be told apart.
    words: /LOCK TABLE .* MODE/i,
    fix: "A table could not be locked for reading, and the server's words say why: the role may not read it (GRANT pg_read_all_data TO …), or something held a lock for longer than the lock wait (--lock-wait-timeout) allows (find it in pg_locks).",
  },
];

/**
 * What helps; undefined where nothing special is known to. With an SQLSTATE that decides, and the words only between
 * the reasons that share it.
 *
 * @param words what the server or the program said
 */
export function failureAdvice(words: string, sqlState?: string): string | undefined {
  if (sqlState === undefined) return reasons.find((reason) => reason.words.test(words))?.fix;
  const sharing = reasons.filter((reason) => reason.sqlState === sqlState);
  return (sharing.find((reason) => reason.words.test(words)) ?? sharing.at(-1))?.fix;
}
