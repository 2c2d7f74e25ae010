RESET ROLE;

-- Names are data. Each of these has broken some backup script.
CREATE SCHEMA "Weird ""quoted"" näme";
CREATE SCHEMA "select";

CREATE TABLE "Weird ""quoted"" näme"."Table ""1"" = 'x'" ("from" int PRIMARY KEY, "ord,er" text, "a ""b""" text);
INSERT INTO "Weird ""quoted"" näme"."Table ""1"" = 'x'" SELECT n, 'row ' || n, CASE WHEN n % 2 = 0 THEN '' END FROM generate_series(1, 5) n;

CREATE TABLE "select".U&"new\000aline" (U&"col\000aumn" text);
INSERT INTO "select".U&"new\000aline" VALUES ('a'), ('b');

CREATE TABLE "select"."-Fp" ("--" text);
INSERT INTO "select"."-Fp" VALUES ('-'), ('--'), ('\.');

CREATE TABLE "select"."COPY x FROM stdin;" ("\." text);
INSERT INTO "select"."COPY x FROM stdin;" VALUES ('COPY x FROM stdin;');

CREATE TABLE "select"."a.b" ("%s" text);
CREATE TABLE "select"."$(touch x) `id` *?[]|" ("\" text);
INSERT INTO "select"."$(touch x) `id` *?[]|" VALUES ('\'), ('\\');
CREATE TABLE "select".U&" tab\0009 🙂 " (n int);
INSERT INTO "select".U&" tab\0009 🙂 " SELECT generate_series(1, 3);
CREATE TABLE "select".name_of_the_greatest_length_that_postgresql_takes_which_is_63_b (n int);

-- No columns, but rows; and only a column that COPY leaves out.
CREATE TABLE "select".no_columns ();
INSERT INTO "select".no_columns DEFAULT VALUES;
INSERT INTO "select".no_columns DEFAULT VALUES;
CREATE TABLE "select".only_generated (one int GENERATED ALWAYS AS (1) STORED);
INSERT INTO "select".only_generated DEFAULT VALUES;
CREATE TABLE "select".dropped_column (a int, gone text, c text);
INSERT INTO "select".dropped_column VALUES (1, 'x', 'stays');
ALTER TABLE "select".dropped_column DROP COLUMN gone;

CREATE TABLE "select".every_type (
  a smallint, b bigint, c real, d double precision, e numeric, f "char", g char(3), h varchar(5), i bytea, j date, k time, l timetz,
  m timestamp, n interval, o boolean, p bit varying, q cidr, r macaddr8, s uuid, t json, u jsonb, v int[][], w int8multirange, x datemultirange,
  y box, z circle, aa lseg, ab path, ac polygon, ad line, ae tsquery, af oid, ag name, ah regtype, ai pg_lsn, aj shop.postal_address[], ak jsonpath
);
INSERT INTO "select".every_type VALUES
  (-32768, -9223372036854775808, 'NaN', '-Infinity', 'NaN', 'x', 'é', '', '\x00ff5c0a', '-infinity', '24:00', '23:59:59.999999-15:59',
   'infinity', '-1 years -2 mons +3 days -04:05:06.789', NULL, B'1010', '::/0', '08:00:2b:01:02:03:04:05', '00000000-0000-0000-0000-000000000000',
   '{"a":  1, "a": 2}', '"\u00e9\\"', '[0:1][-1:0]={{1,2},{3,NULL}}', '{[1,3),[7,)}', '{}', '(1,1),(0,0)', '<(0,0),1>', '[(0,0),(1,1)]', '[(0,0),(1,1)]',
   '((0,0),(1,1),(2,0))', '{1,2,3}', 'a & !b', 4294967295, 'näme', 'integer', '16/B374D848',
   ARRAY[ROW('Via "Roma", 1', '00100', E'tab\there', 'IT'), NULL]::shop.postal_address[], '$.a[*] ? (@ > 1)');
INSERT INTO "select".every_type VALUES
  (NULL, 9223372036854775807, 1e-37, 1e308, 1e-200, '', NULL, NULL, '', '4713-01-01 BC', '00:00', NULL, '294276-12-31 23:59:59.999999', '0');
