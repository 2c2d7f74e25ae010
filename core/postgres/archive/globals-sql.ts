import { unquoteIdentifier } from '../names.ts';

/** What a statement of globals.sql does, as far as a restore treats it in a way of its own. */
export type GlobalStatement = {
  readonly kind:
    | 'create role'
    | 'alter role'
    | 'set for role'
    | 'grant role'
    | 'create tablespace'
    | 'alter tablespace'
    | 'tablespace rights'
    | 'parameter rights'
    | 'comment'
    | 'security label'
    | 'setting'
    | 'unknown';
  /** The role or tablespace that it is about. */
  readonly name: string | undefined;
  /** Where `name` is a tablespace's. */
  readonly isOfTablespace: boolean;
  /** Without the semicolon. */
  readonly sql: string;
};

/** As pg_dumpall writes names: in quotes unless they are plain, so that what is read is what the server understands. */
const name = '("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)';

type Pattern = {
  readonly kind: GlobalStatement['kind'];
  /** Its first group is the name. */
  readonly pattern: RegExp;
  readonly isOfTablespace?: true;
};

const whole = (text: string): RegExp => new RegExp(`^${text}$`, 's');
const label = String.raw`SECURITY LABEL (?:FOR (?:"[^"]+"|\w+) )?ON`;

/** The first that fits counts. */
const patterns: readonly Pattern[] = [
  { kind: 'create role', pattern: whole(`CREATE ROLE ${name}`) },
  { kind: 'set for role', pattern: whole(`ALTER ROLE ${name} (?:IN DATABASE .+ )?SET .+`) },
  { kind: 'alter role', pattern: whole(`ALTER ROLE ${name} WITH .+`) },
  {
    kind: 'create tablespace',
    pattern: whole(`CREATE TABLESPACE ${name} OWNER .+`),
    isOfTablespace: true,
  },
  { kind: 'alter tablespace', pattern: whole(`ALTER TABLESPACE ${name} SET .+`), isOfTablespace: true },
  {
    kind: 'tablespace rights',
    pattern: whole(`(?:GRANT|REVOKE) .+ ON TABLESPACE ${name} (?:TO|FROM) .+`),
    isOfTablespace: true,
  },
  { kind: 'parameter rights', pattern: whole('(?:GRANT|REVOKE) .+ ON PARAMETER .+') },
  { kind: 'grant role', pattern: whole(`GRANT ${name} TO .+`) },
  { kind: 'comment', pattern: whole(`COMMENT ON ROLE ${name} IS .+`) },
  { kind: 'comment', pattern: whole(`COMMENT ON TABLESPACE ${name} IS .+`), isOfTablespace: true },
  { kind: 'security label', pattern: whole(`${label} ROLE ${name} IS .+`) },
  { kind: 'security label', pattern: whole(`${label} TABLESPACE ${name} IS .+`), isOfTablespace: true },
  { kind: 'setting', pattern: /^SET \w+ = \S+$/ },
  { kind: 'setting', pattern: whole(String.raw`SELECT pg_catalog\.set_config\('\w+', '[^']*', \w+\)`) },
];

/**
 * The statements of what `pg_dumpall --globals-only` wrote. Only what pg_dumpall writes is known; all else is of kind
 * `unknown`, and not to be run.
 */
export function parseGlobals(sql: string): GlobalStatement[] {
  return splitStatements(sql).map((text) => {
    for (const { kind, pattern, isOfTablespace = false } of patterns) {
      const match = pattern.exec(text);
      if (match === null) continue;
      const [, named] = match;
      const name = named === undefined ? undefined : unquoteIdentifier(named);
      return { kind, name, isOfTablespace, sql: text };
    }
    return { kind: 'unknown', name: undefined, isOfTablespace: false, sql: text };
  });
}

/** Quoted text, quoted names, comments and psql's own commands, of which pg_dumpall writes \restrict. */
const token =
  /E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|^\\(?:un)?restrict [^\n]*$|;|[^'"\-;\\E]+|[\s\S]/gm;

/** Statements of small files of ours and pg_dumpall's, without comments and semicolons. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const [piece] of sql.matchAll(token)) {
    if (piece === ';') {
      statements.push(current.trim());
      current = '';
    } else if (!piece.startsWith('--') && !/^\\(?:un)?restrict /.test(piece)) current += piece;
  }
  const rest = current.trim();
  return [...statements, rest].filter((statement) => statement !== '');
}

/** Whether a role of globals.sql has a password. */
export function hasPasswords(sql: string): boolean {
  return parseGlobals(sql).some(({ kind, sql: text }) => kind === 'alter role' && / PASSWORD '/.test(text));
}
