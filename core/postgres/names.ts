import { oneLine } from '../text/one-line.ts';

/** A name as SQL: `"Odd ""name"""`. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualifiedName(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}

/** What a name in SQL says, in quotes or not. */
export function unquoteIdentifier(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

/**
 * A table in a message: `public.orders`, `public."a.b c"`. Names that are not plain are quoted as in SQL, so that a dot
 * or a space in one is not mistaken for the message's own.
 */
export function labelOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${labelPart(schema)}.${labelPart(name)}`;
}

function labelPart(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) ? name : oneLine(quoteIdentifier(name));
}

const part = `(?:"((?:[^"]|"")+)"|([^".]+))`;
const pattern = new RegExp(`^(?:${part}\\.)?${part}$`, 's');

/**
 * `table` or `schema.table`; either part in double quotes where it has a dot or a quote. Unlike in SQL, capital letters
 * count without quotes too: what people copy from a list should be found.
 */
export function parseTableSelector(
  text: string,
): { readonly schema: string | undefined; readonly name: string } | undefined {
  const [, quotedSchema, schema, quotedName, name] = pattern.exec(text) ?? [];
  const table = quotedName?.replaceAll('""', '"') ?? name;
  if (table === undefined) return undefined;
  return { schema: quotedSchema?.replaceAll('""', '"') ?? schema, name: table };
}

/** Settings whose value is a list of names, each quoted by itself (GUC_LIST_QUOTE; pg_dump's dumputils.c has the same). */
export const nameListSettings: readonly string[] = [
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
];
