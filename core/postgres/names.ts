/** A name as SQL: `"Odd ""name"""`. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualifiedName(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
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
