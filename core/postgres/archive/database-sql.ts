import { unquoteIdentifier } from '../names.ts';
import { splitStatements } from './globals-sql.ts';

/** A statement of database.sql, which is about the database itself. */
export type DatabaseStatement = {
  readonly kind: 'owner' | 'grant' | 'comment' | 'security label' | 'setting' | 'attribute' | 'unknown';
  /** The database that it names. */
  readonly database: string | undefined;
  /** Without the semicolon. */
  readonly sql: string;
};

const name = '"(?:[^"]|"")+"';
const text = String.raw`(?:'(?:[^']|'')*'|E'(?:[^'\\]|\\\\|'')*')`;
const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`, 's');
const values = `SET ${name} TO ${text}(?:, ${text})*`;
const grantee = `(?:PUBLIC|${name})`;

/** The first group is the database. */
const patterns: readonly (readonly [DatabaseStatement['kind'], RegExp])[] = [
  ['owner', whole(`ALTER DATABASE (${name}) OWNER TO ${name}`)],
  ['comment', whole(`COMMENT ON DATABASE (${name}) IS ${text}`)],
  ['security label', whole(`SECURITY LABEL FOR ${name} ON DATABASE (${name}) IS ${text}`)],
  ['setting', whole(`ALTER DATABASE (${name}) ${values}`)],
  ['setting', whole(`ALTER ROLE ${name} IN DATABASE (${name}) ${values}`)],
  ['grant', whole(`REVOKE ALL ON DATABASE (${name}) FROM ${grantee}`)],
  ['grant', whole(`GRANT [A-Z]+ ON DATABASE (${name}) TO ${grantee}(?: WITH GRANT OPTION)?`)],
  ['attribute', whole(String.raw`ALTER DATABASE (${name}) (?:CONNECTION LIMIT -?\d+|IS_TEMPLATE true)`)],
];

/** The statements of what databaseSql wrote. Only those are known; all else is `unknown`, and not to be run. */
export function parseDatabaseSql(sql: string): DatabaseStatement[] {
  return splitStatements(sql)
    .filter((statement) => statement !== "SET client_encoding = 'UTF8'")
    .map((statement) => {
      for (const [kind, pattern] of patterns) {
        const [, database] = pattern.exec(statement) ?? [];
        if (database !== undefined) return { kind, database: unquoteIdentifier(database), sql: statement };
      }
      return { kind: 'unknown', database: undefined, sql: statement };
    });
}
