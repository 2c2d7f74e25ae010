import type { Advice } from './recurring.ts';

/** What is left out of a backup on purpose, at a path of the configuration. */
export function ofSelection(path: string): Record<string, Advice> {
  const keys = {
    schemas: 'Name schemas as pg_dump --schema takes them; such a backup is partial.',
    excludeSchemas: 'Name schemas as pg_dump --exclude-schema takes them; such a backup is partial.',
    excludeTables: 'Name tables as pg_dump --exclude-table takes them; such a backup is partial.',
    excludeTableData: 'Name tables as pg_dump --exclude-table-data takes them; such a backup is partial.',
  };
  return Object.fromEntries(
    Object.entries(keys).flatMap(([key, fix]) => [
      [`${path}.${key}`, { expected: 'a list with at least one pattern', fix }],
      [`${path}.${key}.*`, { expected: 'a pattern such as audit.* or public.log_*', fix }],
    ]),
  );
}
