import { expect, test } from 'vitest';
import { judge, settle } from '../../../functions/shared/restore/classify.ts';
import { parseContents } from '../../../functions/shared/restore/contents.ts';
import { type Complaint, messageReader } from '../../../functions/shared/restore/messages.ts';

function read(text: string): { readonly complaints: Complaint[]; readonly steps: string[] } {
  const complaints: Complaint[] = [];
  const steps: string[] = [];
  const reader = messageReader({
    onComplaint: (one) => complaints.push(one),
    onStep: (step) => steps.push(step),
  });
  for (const line of text.split('\n')) reader.take(line);
  reader.end();
  return { complaints, steps };
}

/** As pg_restore 17 writes to standard error with --verbose. */
const pgRestore = `pg_restore: creating EXTENSION "hstore"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 2; 3079 16385 EXTENSION hstore (no owner)
pg_restore: error: could not execute query: ERROR:  extension "hstore" is not available
DETAIL:  Could not open extension control file "/x/hstore.control": No such file or directory.
HINT:  The extension must first be installed.
Command was: CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;


pg_restore: creating TABLE "public.odd "name
x"
pg_restore: from TOC entry 221; 1259 16700 TABLE odd "name
x postgres
pg_restore: error: could not execute query: ERROR:  type "public.hstore" does not exist
LINE 4:     h public.hstore,
              ^
Command was: CREATE TABLE public."odd ""name
x" (
    id integer NOT NULL,
    pg_restore integer
);


pg_restore: error: could not execute query: ERROR:  relation "public.odd" does not exist
Command was: ALTER TABLE public."odd ""name
x" OWNER TO postgres;

pg_restore: processing data for table "public.plain"
pg_restore: from TOC entry 3685; 0 16710 TABLE DATA plain postgres
pg_restore: error: COPY failed for table "plain": ERROR:  duplicate key value violates unique constraint "plain_pkey"
DETAIL:  Key (id)=(1) already exists.
CONTEXT:  COPY plain, line 2
pg_restore: warning: errors ignored on restore: 4`;

test("pg_restore's errors, each with its entry and statement, over several lines", () => {
  const { complaints, steps } = read(pgRestore);
  expect(complaints).toHaveLength(4);
  expect(complaints[0]).toEqual({
    message: expect.stringMatching(
      /^could not execute query: ERROR: extension "hstore" is not available DETAIL: /,
    ),
    entry: { dumpId: 2, label: 'EXTENSION hstore (no owner)' },
    statement: 'CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;',
  });
  expect(complaints[1]?.entry).toEqual({ dumpId: 221, label: 'TABLE odd "name x postgres' });
  // The second error of one entry: pg_restore names the entry once.
  expect(complaints[2]).toMatchObject({
    entry: { dumpId: 221 },
    statement: expect.stringMatching(/^ALTER TABLE/),
  });
  expect(complaints[3]?.message).toContain('COPY plain, line 2');
  expect(steps).toContain('processing data for table "public.plain"');
});

test("psql's errors", () => {
  const { complaints } = read(`psql:<stdin>:12: NOTICE:  nothing
psql:<stdin>:24: ERROR:  role "gone" does not exist
psql:<stdin>:30: ERROR:  relation "t" does not exist
LINE 1: copy t from stdin
             ^
psql: error: connection to server on socket "/x" failed: No such file or directory`);
  expect(complaints.map(({ message }) => message)).toEqual([
    'ERROR: role "gone" does not exist',
    'ERROR: relation "t" does not exist LINE 1: copy t from stdin ^',
    'connection to server on socket "/x" failed: No such file or directory',
  ]);
});

test.each([
  ['extension "vector" is not available', 'limit', 'extension "vector"'],
  [
    'could not access file "$libdir/postgis-3": No such file or directory',
    'limit',
    'library "$libdir/postgis-3"',
  ],
  ['invalid locale name: "tr_TR.UTF-8"', 'limit', 'locale "tr_TR.UTF-8"'],
  ['could not extend file "base/5/1": No space left on device', 'limit', 'room on the disk'],
  ['out of shared memory', 'limit', 'room for locks (max_locks_per_transaction)'],
  ['tablespace "fast" does not exist', 'limit', 'tablespace "fast"'],
  ['server closed the connection unexpectedly', 'limit', 'a server that stays up'],
  ['language "plpython3u" does not exist', 'limit', 'language "plpython3u"'],
  ['role "app" does not exist', 'backup', undefined],
  ['duplicate key value violates unique constraint "k"', 'backup', undefined],
  ['insert or update on table "t" violates foreign key constraint "f"', 'backup', undefined],
  ['syntax error at or near "x"', 'backup', undefined],
  ['invalid byte sequence for encoding "UTF8": 0xff', 'backup', undefined],
])('%s: %s', (message, fault, missing) => {
  expect(judge({ message })).toMatchObject(missing === undefined ? { fault } : { fault, missing });
});

test('a setting of a newer pg_dump that an older server does not know means nothing', () => {
  expect(judge({ message: 'unrecognized configuration parameter "transaction_timeout"' })).toBeUndefined();
});

test('what follows from a limit is that limit; what does not stays the fault of the backup', () => {
  const contents = parseContents(`2; 3079 1 EXTENSION - hstore 
221; 1259 2 TABLE public t postgres
;	depends on: 2
3684; 0 2 TABLE DATA public t postgres
;	depends on: 221
222; 1259 3 TABLE public other postgres
`);
  const at = (dumpId: number): Complaint['entry'] => ({ dumpId, label: '' });
  const settled = settle(
    [
      { fault: 'limit', missing: 'extension "hstore"', message: 'is not available', entry: at(2) },
      { fault: 'backup', message: 'type "hstore" does not exist', entry: at(221) },
      { fault: 'backup', message: 'relation "t" does not exist', entry: at(3684) },
      { fault: 'backup', message: 'role "r" does not exist', entry: at(222) },
      { fault: 'backup', message: 'duplicate key value', entry: at(3684) },
    ],
    contents,
  );
  expect(settled.map(({ fault }) => fault)).toEqual(['limit', 'limit', 'limit', 'backup', 'backup']);
});
