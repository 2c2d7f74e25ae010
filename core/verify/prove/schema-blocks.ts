import { canonicalSql } from '../../postgres/objects/canonical-sql.ts';

/** One entry of the SQL that pg_dump and pg_restore write for a schema. Texts are bytes as Latin-1: see {@link readable}. */
export type SchemaBlock = {
  /** pg_dump's word: `TABLE`, `FK CONSTRAINT`. */
  readonly type: string;
  /** Type, schema and name, as the comment above the statement has them. */
  readonly key: string;
  /** The same for people: `index public.users_email_idx`. */
  readonly label: string;
  /** The statements, and the tablespace they are run under. */
  readonly text: string;
};

const header = /^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: .*\n--\n/gm;
const trailer = /\n--\n-- PostgreSQL database dump complete\n--\n[\s\S]*$/;
/** State that is set between two entries, for those that follow, when it changes: so it depends on their order. */
const tablespaceState = /^SET default_tablespace = (.*);$/gm;
const accessMethodState = /^SET default_table_access_method = .*;$/gm;
/** A word that cannot be guessed, against psql's own commands hidden in an archive; a new one every time. */
const restrictToken = /^\\(?:un)?restrict \S+$/gm;

const usesTablespace: ReadonlySet<string> = new Set(['TABLE', 'MATERIALIZED VIEW', 'INDEX', 'CONSTRAINT']);
/** Data in all but name: present or not as the format and the version please. */
const noSchema: ReadonlySet<string> = new Set(['MATERIALIZED VIEW DATA', 'STATISTICS DATA', 'BLOB', 'BLOBS']);

/**
 * Cuts a schema's SQL into its entries, without what differs between two runs of the same program: comments about
 * versions, random words, the place of settings that hold for several entries.
 */
export function schemaBlocks(sql: string): SchemaBlock[] {
  const text = sql.replace(trailer, '\n');
  const blocks: SchemaBlock[] = [];
  const heads = [...text.matchAll(header)];
  const starts = heads.map(({ index }) => index);
  let tablespace = lastState(text.slice(0, starts[0] ?? text.length), "''");
  heads.forEach((head, position) => {
    const [comment, name = '', type = '', schema = ''] = head;
    const body = text.slice(head.index + comment.length, starts[position + 1] ?? text.length);
    // What is set after the statements holds for the next entry.
    const own = usesTablespace.has(type) ? `SET default_tablespace = ${tablespace};\n` : '';
    tablespace = lastState(body, tablespace);
    if (noSchema.has(type)) return;
    const place = schema === '-' ? '' : `${schema}.`;
    const label = readable(`${type.toLowerCase()} ${place}${name}`);
    blocks.push({ type, key: `${type} ${schema} ${name}`, label, text: own + tidy(body, type) });
  });
  return blocks;
}

function lastState(text: string, before: string): string {
  return [...text.matchAll(tablespaceState)].at(-1)?.[1] ?? before;
}

function tidy(body: string, type: string): string {
  const text = body
    .replace(tablespaceState, '')
    .replace(accessMethodState, '')
    .replace(restrictToken, '')
    .replace(/\n{2,}/g, '\n\n')
    .trim();
  // The order of grants is that of an array which granting anew builds anew; that of roles' settings in a database is
  // that of a catalog's rows, which pg_dump does not sort.
  return /^(?:(?:DEFAULT )?ACL|DATABASE PROPERTIES)$/.test(type) ? text.split('\n').sort().join('\n') : text;
}

/** Entries whose statement the server writes from a parsed expression. */
const deparsed: ReadonlySet<string> = new Set([
  'TABLE',
  'VIEW',
  'MATERIALIZED VIEW',
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DOMAIN',
  'DEFAULT',
  'INDEX',
  'POLICY',
  'ROW SECURITY',
  'RULE',
  'TRIGGER',
  'STATISTICS',
  'FUNCTION',
  'PROCEDURE',
  'PUBLICATION TABLE',
]);

/** Whether two statements differ only in what the server writes anew when it reads what it wrote: see canonicalSql. */
export function sameButForForm(one: SchemaBlock, other: SchemaBlock): boolean {
  if (one.type === 'TEXT SEARCH DICTIONARY') return optionNames(one.text) === optionNames(other.text);
  if (!deparsed.has(one.type)) return false;
  return canonicalSql(one.text) === canonicalSql(other.text) || sameButForOrder(one, other);
}

/** A dictionary's options are stored as text, with the names in quotes where the session that made it quoted all. */
function optionNames(text: string): string {
  return text.replace(/"([a-z_][a-z0-9_]*)" =/g, '$1 =');
}

/**
 * A table that was attached by INHERIT may have its columns in an order of its own, in which no dump can make it again:
 * made with its parents, it has theirs first. COPY names the columns, so the rows are the same.
 */
function sameButForOrder(one: SchemaBlock, other: SchemaBlock): boolean {
  const inherits = /^INHERITS \(/m;
  if (one.type !== 'TABLE' || !inherits.test(one.text) || !inherits.test(other.text)) return false;
  const lines = (text: string): string =>
    text
      .split('\n')
      .map((line) => line.replace(/,$/, ''))
      .sort()
      .join('\n');
  return canonicalSql(lines(one.text)) === canonicalSql(lines(other.text));
}

/** For people, of text that was read as Latin-1 so that bytes of any encoding can be compared. */
export function readable(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
