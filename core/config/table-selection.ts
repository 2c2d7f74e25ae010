import * as z from 'zod';

/** No argument of a program may hold a zero byte. */
export const pattern = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'));
const patterns = z.array(pattern).min(1).optional();

/** Patterns as pg_dump's `--schema`, `--exclude-schema`, `--exclude-table` and `--exclude-table-data` take them. */
export const selectionOptions = {
  /** Only what lies in these schemas. */
  schemas: patterns,
  excludeSchemas: patterns,
  excludeTables: patterns,
  /** Of these only the definition. */
  excludeTableData: patterns,
};

/** What is left out of a backup on purpose. */
export type TableSelection = {
  readonly [key in keyof typeof selectionOptions]?: readonly string[] | undefined;
};

/** The same without what names nothing; undefined where nothing at all is left out. */
export function selectionFrom({
  schemas = [],
  excludeSchemas = [],
  excludeTables = [],
  excludeTableData = [],
}: TableSelection): TableSelection | undefined {
  const all = { schemas, excludeSchemas, excludeTables, excludeTableData };
  const given = Object.entries(all).filter(([, list]) => list.length > 0);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as TableSelection);
}

/** A pattern that is both asked for and left out; undefined where there is none. */
export function contradictingPattern({
  schemas = [],
  excludeSchemas = [],
}: TableSelection): string | undefined {
  return schemas.find((pattern) => excludeSchemas.includes(pattern));
}
