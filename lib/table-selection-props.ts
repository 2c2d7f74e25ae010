/** What is left out of a backup on purpose: patterns of pg_dump's, as its options of the same names take them. */
export interface TableSelectionProps {
  /**
   * Take only what lies in these schemas. One that matches nothing fails the database's backup.
   * @default - every schema
   */
  readonly schemas?: readonly string[] | undefined;
  /**
   * Take all but these schemas.
   * @default - none is left out
   */
  readonly excludeSchemas?: readonly string[] | undefined;
  /**
   * Take all but these tables, views and sequences.
   * @default - none is left out
   */
  readonly excludeTables?: readonly string[] | undefined;
  /**
   * Take of these tables the definition only.
   * @default - all rows are taken
   */
  readonly excludeTableData?: readonly string[] | undefined;
}
