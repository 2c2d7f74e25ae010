/** Rows of a table, or of the partitions of one tree together. */
export type RowCounts = {
  /** By the manifest; null where they were not counted when the backup was made. */
  readonly recorded: number | null;
  /** After the restore; null where the table is missing. */
  readonly restored: number | null;
  /** By the archive's own COPY; undefined where that is not known. */
  readonly inArchive?: number | undefined;
};

export type RowsStatus = 'as recorded' | 'as in the archive' | 'differs' | 'missing' | 'not recorded';

/** What was counted at the source decides; what was not is compared with what the archive holds. */
export function rowsStatus({ recorded, restored, inArchive }: RowCounts): RowsStatus {
  if (restored === null) return 'missing';
  if (recorded !== null) return recorded === restored ? 'as recorded' : 'differs';
  if (inArchive === undefined) return 'not recorded';
  return inArchive === restored ? 'as in the archive' : 'differs';
}

/**
 * Partitions as one table: rows that are loaded through the root of their tree may belong into others of them than at
 * the source (hash partitions over an enum). What is not known of one is not known of all.
 * @param inArchive rows of the archive's COPY into the root
 */
export function rowsTogether(partitions: readonly RowCounts[], inArchive?: number): RowCounts {
  return {
    recorded: partitions.reduce<number | null>(
      (sum, { recorded }) => (sum === null || recorded === null ? null : sum + recorded),
      0,
    ),
    restored: partitions.reduce((sum, { restored }) => sum + (restored ?? 0), 0),
    ...(inArchive === undefined ? {} : { inArchive }),
  };
}
