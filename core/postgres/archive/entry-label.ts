import type { Toc, TocEntry } from './toc.ts';

/** A name as SQL has it, without quotes; no schema: what lies in none (an extension, a schema), or it is not known. */
export type ObjectName = { readonly schema?: string | undefined; readonly name: string };

/** As pg_restore --list writes a name: on one line. */
export function asListed(name: string): string {
  return name.replace(/[\r\n]/g, ' ');
}

/**
 * Whether an entry's label, `schema name owner`, is of that object. Never words within a name: `a b` is not `b`. Where
 * a name ends before an owner with spaces the list does not tell, so `t` also is what may be called `t x`.
 */
export function isLabelOf(label: string, { schema = '-', name }: ObjectName): boolean {
  const rest = afterSchema(label, schema);
  return rest !== undefined && beginsWithName(rest, name);
}

/** What stands behind the schema: name and owner. Undefined where it lies in another one; `-` is none. */
export function afterSchema(label: string, schema: string): string | undefined {
  const start = `${asListed(schema)} `;
  return label.startsWith(start) ? label.slice(start.length) : undefined;
}

/** Of a function `f(integer) owner`, of a constraint `table constraint owner`, of all others `name owner`. */
export function beginsWithName(rest: string, name: string): boolean {
  const listed = asListed(name);
  return rest === listed || rest.startsWith(`${listed} `) || rest.startsWith(`${listed}(`);
}

/**
 * Every way to part a label into schema and rest. @param schemas those whose names may have spaces: see schemasIn
 */
export function restsOf(label: string, schemas: readonly string[]): string[] {
  const first = label.indexOf(' ');
  const long = schemas.filter((schema) => schema.includes(' ') && label.startsWith(`${schema} `));
  return [label.slice(first + 1), ...long.map((schema) => label.slice(schema.length + 1))];
}

/** What the archive's schemas may be called: their labels are `- name owner`. */
export function schemasIn({ entries }: Toc): string[] {
  return entries.flatMap(({ type, label }) => {
    if (type !== 'SCHEMA') return [];
    const words = label.replace(/^- /, '').split(' ');
    return words.map((_, index) => words.slice(0, index + 1).join(' '));
  });
}

/** `pg_trgm`: pg_restore lists an extension without a schema and without an owner. */
export function extensionName({ label }: Pick<TocEntry, 'label'>): string {
  return label.replace(/^- /, '').trim();
}
