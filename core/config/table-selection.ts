import * as z from 'zod';

const patterns = z.array(z.string().min(1)).min(1).optional();

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
