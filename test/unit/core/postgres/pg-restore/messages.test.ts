import { expect, test } from 'vitest';
import { parseToc } from '../../../../../core/postgres/archive/toc.ts';
import { judge, settle } from '../../../../../core/postgres/pg-restore/classify.ts';
import { type Complaint, messageReader } from '../../../../../core/postgres/pg-restore/messages.ts';

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

test('jobs that write at the same time, in pieces of lines', () => {
  const { complaints, steps } =
    read(`pg_restore:pg_restore:  error: error: could not execute query: ERROR:  the first
could not execute query: ERROR:  the second
Command was: COPY public.t (a) FROM stdin;
pg_restore: pg_restore:creating INDEX "public.i1"
 error: could not execute query: ERROR:  the third
Command was: CREATE INDEX i7 ON public.t7 USING btree (a);


pg_restore:pg_restore: error:  error: launching item 5478 TABLE DATA t8
COPY failed for table "t8": ERROR:  the fourth
processing data for table "public.t0"`);
  const messages = complaints.map(({ message }) => message);
  for (const word of ['first', 'second', 'third', 'fourth'])
    expect(messages.filter((message) => message.endsWith(`ERROR: the ${word}`))).toHaveLength(1);
  expect(complaints).toHaveLength(4);
  expect(steps).toEqual([
    'creating INDEX "public.i1"',
    'launching item 5478 TABLE DATA t8',
    'processing data for table "public.t0"',
  ]);
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
  ['extension "vector" is not available', 'environment', 'extension "vector"'],
  [
    'could not access file "$libdir/postgis-3": No such file or directory',
    'environment',
    'library "$libdir/postgis-3"',
  ],
  ['invalid locale name: "tr_TR.UTF-8"', 'environment', 'locale "tr_TR.UTF-8"'],
  ['could not extend file "base/5/1": No space left on device', 'environment', 'room on the disk'],
  ['out of shared memory', 'environment', 'room for locks (max_locks_per_transaction)'],
  ['tablespace "fast" does not exist', 'environment', 'tablespace "fast"'],
  ['server closed the connection unexpectedly', 'environment', 'a server that stays up'],
  ['language "plpython3u" does not exist', 'environment', 'language "plpython3u"'],
  [
    'could not execute query: ERROR: could not connect to server "crm" DETAIL: connection to server at "crm" (1.2.3.4), port 5432 failed: timeout expired',
    'environment',
    'the other server "crm"',
  ],
  [
    'could not execute query: ERROR: relation "public.gone" does not exist CONTEXT: remote SQL command: SELECT rolname FROM public.gone',
    'environment',
    'what another server should have',
  ],
  ['relation "public.gone" does not exist', 'backup', undefined],
  [
    'could not open stop-word file "/usr/share/postgresql/17/tsearch_data/ours.stop": No such file or directory',
    'environment',
    'the text search file "ours.stop"',
  ],
  [
    'could not open file "/srv/prices.csv" for reading: No such file or directory',
    'environment',
    'the file "/srv/prices.csv"',
  ],
  ['invalid value for parameter "lc_monetary": "xx_YY.utf8"', 'environment', 'locale "xx_YY.utf8"'],
  ['invalid value for parameter "work_mem": "could not connect to server"', 'backup', undefined],
  ['time zone "Mars/Base" not recognized', 'environment', 'time zone "Mars/Base"'],
  [
    'connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL: could not access file "pgaudit": No such file or directory',
    'environment',
    'library "pgaudit"',
  ],
  [
    'connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL: not today',
    'environment',
    'a session in the database',
  ],
  [
    'connection to server at "db", port 5432 failed: Connection refused',
    'environment',
    'a server that stays up',
  ],
  ['insert into "could not open file" failed: extension "time" is not available', 'backup', undefined],
  ['role "app" does not exist', 'backup', undefined],
  ['duplicate key value violates unique constraint "k"', 'backup', undefined],
  ['insert or update on table "t" violates foreign key constraint "f"', 'backup', undefined],
  ['syntax error at or near "x"', 'backup', undefined],
  ['invalid byte sequence for encoding "UTF8": 0xff', 'backup', undefined],
])('%s: %s', (message, fault, missing) => {
  expect(judge({ message })).toMatchObject(missing === undefined ? { fault } : { fault, missing });
});

test.each([
  'could not execute query: ERROR: duplicate key value violates unique constraint "k" DETAIL: Key (note)=(No space left on device) already exists.',
  'COPY failed for table "t": ERROR: invalid input syntax for type integer: "out of memory" CONTEXT: COPY t, line 1',
  'COPY failed for table "t": ERROR: new row for relation "t" violates check constraint "canceling statement due to statement timeout"',
  'could not execute query: ERROR: relation "extension ""x"" is not available" does not exist HINT: tablespace "x" does not exist',
  'COPY failed for table "t": ERROR: invalid byte sequence for encoding "UTF8": 0xff CONTEXT: terminating connection due to administrator command',
])("what a backup's own values say is no limit: %s", (message) => {
  expect(judge({ message })).toMatchObject({ fault: 'backup' });
});

test.each([
  [
    'COPY failed for table "a: b": ERROR: could not extend file "base/1/2": No space left on device HINT: Free some.',
    'room on the disk',
  ],
  ['could not set default_tablespace to fast: ERROR: tablespace "fast" does not exist', 'tablespace "fast"'],
  ['error returned by PQputCopyData: server closed the connection unexpectedly', 'a server that stays up'],
  ['could not execute query: no connection to the server', 'a server that stays up'],
  [
    'could not execute query: ERROR: could not write to file "base/pgsql_tmp/x": No space left on device',
    'room on the disk',
  ],
  [
    'could not execute query: ERROR: could not resize shared memory segment "/P.1" to 9 bytes: No space left on device',
    'memory',
  ],
  [
    'could not execute query: ERROR: pg_stat_statements must be loaded via "shared_preload_libraries"',
    '"pg_stat_statements" in shared_preload_libraries',
  ],
  [
    'could not execute query: FATAL: extension "timescaledb" must be preloaded',
    '"timescaledb" in shared_preload_libraries',
  ],
  ['unrecognized locale provider: builtin', 'the locale provider builtin'],
  ['invalid LC_COLLATE locale name: "tr_TR.UTF-8"', 'locale "tr_TR.UTF-8"'],
  ['unsupported version (1.16) in file header', 'a pg_restore that reads archives of version 1.16'],
  [
    'could not execute query: ERROR: permission denied to create event trigger "x"',
    'rights of the role that restores',
  ],
  [
    'could not execute query: ERROR: compression method lz4 not supported DETAIL: This functionality requires the server to be built with lz4 support.',
    'a server that knows lz4',
  ],
])('%s: a limit', (message, missing) => {
  expect(judge({ message })).toMatchObject({ fault: 'environment', missing });
});

test('errors of a server that has another word for them', () => {
  const told: string[] = [];
  const reader = messageReader({ onComplaint: ({ message }) => told.push(message), errorWord: 'FEHLER' });
  const lines = [
    'psql:<stdin>:5: WARNUNG:  nichts weiter',
    'psql:<stdin>:7: FEHLER:  Relation »t« existiert nicht',
    'psql:<stdin>:9: FEHLER:  FEHLER:  heißt sie',
    'pg_restore: error: could not execute query: FEHLER:  Schema existiert nicht',
    'Command was: SELECT 1;',
    'could not execute query: FEHLER:  von einem anderen Prozess',
    'pg_restore: error: COPY failed for table "t": FEHLER:  doppelter Schlüsselwert',
  ];
  for (const line of lines) reader.take(line);
  reader.end();
  expect(told).toEqual([
    'ERROR: Relation »t« existiert nicht',
    'ERROR: FEHLER: heißt sie',
    'could not execute query: ERROR: Schema existiert nicht',
    'could not execute query: ERROR: von einem anderen Prozess',
    'COPY failed for table "t": ERROR: doppelter Schlüsselwert',
  ]);
});

test('a statement of any length does not grow in memory', () => {
  const lines = Array.from({ length: 50_000 }, (_, line) => `  line ${line} of a function`);
  const { complaints } = read(
    [
      'pg_restore: error: could not execute query: ERROR:  no',
      `Command was: ${lines.join('\n')}`,
      'pg_restore: error: next',
    ].join('\n'),
  );
  expect(complaints.map(({ message }) => message)).toEqual(['could not execute query: ERROR: no', 'next']);
  expect(complaints[0]?.statement?.length).toBeLessThanOrEqual(200);
});

test('a setting of a newer pg_dump that an older server does not know means nothing', () => {
  expect(judge({ message: 'unrecognized configuration parameter "transaction_timeout"' })).toBeUndefined();
});

test('what follows from a limit is that limit; what does not stays the fault of the backup', () => {
  const toc = parseToc(`2; 3079 1 EXTENSION - hstore 
221; 1259 2 TABLE public t postgres
;	depends on: 2
3684; 0 2 TABLE DATA public t postgres
;	depends on: 221
222; 1259 3 TABLE public other postgres
`);
  const at = (dumpId: number): Complaint['entry'] => ({ dumpId, label: '' });
  const settled = settle(
    [
      { fault: 'environment', missing: 'extension "hstore"', message: 'is not available', entry: at(2) },
      { fault: 'backup', message: 'type "hstore" does not exist', entry: at(221) },
      { fault: 'backup', message: 'relation "t" does not exist', entry: at(3684) },
      { fault: 'backup', message: 'role "r" does not exist', entry: at(222) },
      { fault: 'backup', message: 'duplicate key value', entry: at(3684) },
    ],
    toc,
  );
  expect(settled.map(({ fault }) => fault)).toEqual([
    'environment',
    'environment',
    'environment',
    'backup',
    'backup',
  ]);
});

const library = parseToc(`2; 3079 1 EXTENSION - unaccent 
210; 1255 5 FUNCTION public norm(text) postgres
221; 1259 2 TABLE public parent postgres
222; 1259 3 TABLE public child postgres
3684; 0 2 TABLE DATA public parent postgres
;	depends on: 221
3533; 2606 9 CONSTRAINT public parent parent_pkey postgres
;	depends on: 221
3535; 2606 8 FK CONSTRAINT public child child_fkey postgres
;	depends on: 222 3533 221
3536; 1259 7 INDEX public by_name postgres
;	depends on: 222 210
`);
const unaccent = {
  fault: 'environment',
  missing: 'extension "unaccent"',
  message: 'x',
  entry: { dumpId: 2, label: '' },
} as const;
const backup = (message: string, dumpId: number) =>
  ({ fault: 'backup', message, entry: { dumpId, label: '' } }) as const;

test("a function's body calls what an extension would have brought", () => {
  const problems = [
    unaccent,
    backup('could not execute query: ERROR: function public.unaccent(text) does not exist LINE 1: …', 3536),
    backup('could not execute query: ERROR: operator does not exist: text % text', 3536),
    // In the archive, and yet not there: that is another story.
    backup('could not execute query: ERROR: function public.norm(text) does not exist', 3536),
    backup('could not execute query: ERROR: role "app" does not exist', 3536),
  ];
  expect(settle(problems, library).map(({ fault }) => fault)).toEqual([
    'environment',
    'environment',
    'environment',
    'backup',
    'backup',
  ]);
  // The same where the extension was not even tried.
  const rest = settle(problems.slice(1), library, new Set([2]));
  expect(rest.map(({ missing }) => missing)).toEqual([
    'extension "unaccent"',
    'extension "unaccent"',
    undefined,
    undefined,
  ]);
  expect(settle(problems.slice(1), library).every(({ fault }) => fault === 'backup')).toBe(true);
});

test('a foreign key to rows that found no room is no fault of the backup; to rows that came it is', () => {
  const room = {
    fault: 'environment',
    missing: 'room on the disk',
    message: 'x',
    entry: { dumpId: 3684, label: '' },
  } as const;
  const violated = backup(
    'could not execute query: ERROR: insert or update on table "child" violates foreign key constraint "child_fkey"',
    3535,
  );
  expect(settle([room, violated], library)[1]).toMatchObject({
    fault: 'environment',
    missing: 'room on the disk',
  });
  expect(settle([unaccent, violated], library)[1]).toMatchObject({ fault: 'backup' });
});

const ofExtension = parseToc(`;
3; 3079 1 EXTENSION - uptime 
;	depends on: 9
210; 1259 16390 TABLE public rate keeper app
3600; 0 16391 TABLE DATA rates rate app
;	depends on: 205
3601; 0 0 SEQUENCE SET rates ticket app
;	depends on: 206
3602; 0 0 ACL rates TABLE rate app
3603; 0 16399 TABLE DATA public rate keeper app
;	depends on: 210`);

test('what a table holds, or who may see it, is not the table: an extension that is missing would have brought it', () => {
  const problems = [
    backup('could not execute query: ERROR: relation "rates.rate" does not exist', 3600),
    backup('could not execute query: ERROR: relation "rates.ticket" does not exist', 3601),
    backup('could not execute query: ERROR: schema "rates" does not exist', 3602),
    // This one the archive makes itself, in another schema than it is missed in.
    backup('could not execute query: ERROR: relation "public.rate keeper" does not exist', 3603),
    backup('could not execute query: ERROR: value "x does not exist" is too long', 3603),
  ];
  const settled = settle(problems, ofExtension, new Set([3]));
  expect(settled.map(({ missing }) => missing)).toEqual([
    'extension "uptime"',
    'extension "uptime"',
    'extension "uptime"',
    undefined,
    undefined,
  ]);
  expect(settled[0]).toMatchObject({ fault: 'environment', causes: [3] });
});
