import { expect, test } from 'vitest';
import { retryReason } from '../../../../core/backup/retry.ts';
import { ChildFailed } from '../../../../core/process/child-failed.ts';

const said = (stderrTail: string): ChildFailed =>
  new ChildFailed('pg_dump', { code: 1, signal: null, stderrTail });
const statement = '\npg_dump: detail: Query was: LOCK TABLE public.t IN ACCESS SHARE MODE';

test.each([
  ['pg_dump: error: query failed: ERROR:  relation "t" does not exist', 'schema moved on'],
  ['pg_dump: error: query failed: ERROR:  cache lookup failed for index 1', 'schema moved on'],
  ['pg_dump: error: query failed: ERROR:  permission denied for table t', undefined],
  // What a server says in its own language may be that, and a second attempt costs little.
  ['pg_dump: error: query failed: FEHLER:  Relation »t« existiert nicht', 'schema moved on'],
  ['pg_dump: error: query failed: ОШИБКА:  отношение "t" не существует', 'schema moved on'],
  // Most languages call it FATAL: the server is gone.
  ['pg_dump: error: query failed: FATAL:  Verbindung wird abgebrochen', undefined],
  ['pg_dump: error: query failed: server closed the connection unexpectedly', undefined],
  // By then every table is locked.
  [
    'pg_dump: dumping contents of table "public.t"\npg_dump: error: query failed: FEHLER:  Platte ist voll',
    undefined,
  ],
])('%s is a reason to try again: %s', (words, reason) => {
  expect(retryReason(said(words + statement))).toBe(reason);
});
