import { nameDecoder } from './encodings.ts';

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
const patterns: readonly (readonly [GlobalStatement['kind'], RegExp])[] = [
  ['create role', new RegExp(`^CREATE ROLE ${name}$`, 's')],
  ['set for role', new RegExp(`^ALTER ROLE ${name} (?:IN DATABASE .+ )?SET .+$`, 's')],
  ['alter role', new RegExp(`^ALTER ROLE ${name} WITH .+$`, 's')],
  ['create tablespace', new RegExp(`^CREATE TABLESPACE ${name} OWNER .+$`, 's')],
  ['alter tablespace', new RegExp(`^ALTER TABLESPACE ${name} SET .+$`, 's')],
  ['tablespace rights', new RegExp(`^(?:GRANT|REVOKE) .+ ON TABLESPACE ${name} (?:TO|FROM) .+$`, 's')],
  ['parameter rights', /^(?:GRANT|REVOKE) .+ ON PARAMETER .+$/s],
  ['grant role', new RegExp(`^GRANT ${name} TO .+$`, 's')],
  ['comment', new RegExp(`^COMMENT ON (?:ROLE|TABLESPACE) ${name} IS .+$`, 's')],
  [
    'security label',
    new RegExp(`^SECURITY LABEL (?:FOR (?:"[^"]+"|\\w+) )?ON (?:ROLE|TABLESPACE) ${name} IS .+$`, 's'),
  ],
  ['setting', /^SET \w+ = \S+$/],
  ['setting', /^SELECT pg_catalog\.set_config\('\w+', '[^']*', \w+\)$/s],
];

/**
 * The statements of what `pg_dumpall --globals-only` wrote. Only what pg_dumpall writes is known; all else is of kind
 * `unknown`, and not to be run.
 */
export function parseGlobals(sql: string): GlobalStatement[] {
  return splitStatements(sql).map((text) => {
    for (const [kind, pattern] of patterns) {
      const match = pattern.exec(text);
      if (match === null) continue;
      const isOfTablespace = kind.includes('tablespace') || /^[A-Z ]*(?:'[^']*' )?ON TABLESPACE /.test(text);
      return {
        kind,
        name: match[1] === undefined ? undefined : unquote(match[1]),
        isOfTablespace,
        sql: text,
      };
    }
    return { kind: 'unknown', name: undefined, isOfTablespace: false, sql: text };
  });
}

function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

/** Quoted text, quoted names, comments and psql's own commands, of which pg_dumpall writes \restrict. */
const token =
  /E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|^\\(?:un)?restrict [^\n]*$|;|[^'"\-;\\E]+|[\s\S]/gm;

function splitStatements(sql: string): string[] {
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

/** globals.sql as text: pg_dumpall writes names in the encoding that the file itself declares. */
export function globalsText(bytes: Buffer): string {
  const declared = /^SET client_encoding = '([A-Za-z0-9_]+)';$/m.exec(
    bytes.toString('latin1', 0, 4_096),
  )?.[1];
  return nameDecoder(declared ?? 'UTF8')(bytes);
}
