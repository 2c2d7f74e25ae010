import { expect, it } from 'vitest';
import { failureAdvice } from '../../../../core/process/failure-advice.ts';

const denied = 'permission denied for table t';
const hidden = 'query would be affected by row-level security policy for table "t"';

it.each([
  [hidden, undefined, 'BYPASSRLS'],
  [hidden, '42501', 'BYPASSRLS'],
  [denied, undefined, 'pg_read_all_data'],
  [denied, '42501', 'pg_read_all_data'],
  ['must be owner of table t', '42501', 'pg_read_all_data'],
  ['pg_dump: error: query was: LOCK TABLE public.t IN ACCESS SHARE MODE', undefined, 'pg_locks'],
  ['canceling statement due to lock timeout', '55P03', 'pg_locks'],
  [
    'keine Berechtigung für Tabelle t\nQuery was: LOCK TABLE public.t IN ACCESS SHARE MODE',
    undefined,
    'GRANT',
  ],
  ['canceling statement due to conflict with recovery', '40001', 'hot_standby_feedback'],
  ['terminating connection due to administrator command', '57P01', "server's log"],
])('advises on %j (%s): %s', (words, sqlState, advice) => {
  expect(failureAdvice(words, sqlState)).toContain(advice);
});

it('goes by the code of the server where there is one, whatever the words', () => {
  expect(failureAdvice('Erlaubnis verweigert', '42501')).toContain('pg_read_all_data');
  expect(failureAdvice(denied, '22012')).toBeUndefined();
});

it('has no advice on what it does not know', () => {
  expect(failureAdvice('division by zero')).toBeUndefined();
});
