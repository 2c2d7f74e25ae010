import { describe, expect, test } from 'vitest';
import { parseDatabaseSql } from '../../../../../core/postgres/archive/database-sql.ts';
import { type DatabaseDescription, databaseSql } from '../../../../../core/postgres/dump/database-sql.ts';

const plain: DatabaseDescription = {
  name: 'app',
  owner: 'own',
  connectionLimit: -1,
  isTemplate: false,
  comment: null,
  labels: [],
  grants: null,
  settings: [],
};
const odd = `o"d;d'\\ --/*\nü`;

test('a database that nobody changed has an owner only', () => {
  expect(databaseSql(plain).toString()).toMatch(
    /^--[^\n]*\nSET client_encoding = 'UTF8';\nALTER DATABASE "app" OWNER TO "own";\n$/,
  );
});

test('every statement is known again, whatever the names and values are', () => {
  const sql = databaseSql({
    name: odd,
    owner: odd,
    connectionLimit: 7,
    isTemplate: true,
    comment: odd,
    labels: [{ provider: odd, label: odd }],
    grants: [
      { grantee: null, privilege: 'CONNECT', grantable: false },
      { grantee: odd, privilege: 'CREATE', grantable: true },
    ],
    settings: [
      { role: null, assignment: `app.name=a=${odd}` },
      { role: odd, assignment: 'search_path="$user", pub"lic, "a, ""b"' },
    ],
  }).toString();
  const found = parseDatabaseSql(sql);
  expect(found.map(({ kind }) => kind)).toEqual([
    'owner',
    'comment',
    'security label',
    'attribute',
    'setting',
    'setting',
    'grant',
    'grant',
    'grant',
    'grant',
    'attribute',
  ]);
  expect(new Set(found.map(({ database }) => database))).toEqual(new Set([odd]));
});

test('a list of names is a list, each quoted by itself', () => {
  const settings = [
    { role: null, assignment: 'search_path="$user", public, "a, ""b"' },
    { role: null, assignment: 'search_path=' },
    { role: null, assignment: 'datestyle=ISO, MDY' },
  ];
  expect(databaseSql({ ...plain, settings }).toString()).toContain(
    `ALTER DATABASE "app" SET "search_path" TO '$user', 'public', 'a, "b';
ALTER DATABASE "app" SET "search_path" TO '';
ALTER DATABASE "app" SET "datestyle" TO 'ISO, MDY';
`,
  );
});

describe('what is none of ours is not known', () => {
  test.each([
    'DROP DATABASE "app"',
    'ALTER DATABASE "app" OWNER TO "x" CASCADE',
    'ALTER ROLE "x" SUPERUSER',
    'ALTER ROLE "x" SET "role" TO \'y\'',
    `COMMENT ON DATABASE "app" IS 'a' || pg_read_file('x')`,
    'GRANT "admin" TO "x"',
    'GRANT CONNECT ON DATABASE "app" TO "x" GRANTED BY "y"',
    `ALTER DATABASE "app" SET "a" TO 'b', pg_sleep(9)`,
    'ALTER DATABASE app OWNER TO x',
    '\\! touch /tmp/x',
  ])('%s', (sql) => {
    expect(parseDatabaseSql(`${sql};`).map(({ kind }) => kind)).toEqual(['unknown']);
  });

  test('nor what hides behind a comment', () => {
    const kinds = parseDatabaseSql(`COMMENT ON DATABASE "a" IS 'x' -- '\n; DROP TABLE t;`).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['comment', 'unknown']);
  });
});
