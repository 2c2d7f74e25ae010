import type { Compression } from '../../config/compression.ts';
import type { TableSelection } from '../../config/table-selection.ts';
import type { Format } from '../../vocabulary.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { compressionArgument } from './compression.ts';

export type DumpOptions = {
  readonly database: string;
  /** The database's own, as the server calls it. */
  readonly encoding: string;
  readonly format: Format;
  readonly compression: Compression;
  /** Workers; more than one only with the directory format. */
  readonly jobs: number;
  readonly snapshot: string;
  readonly lockWaitSeconds: number;
  /** What is left out on purpose. */
  readonly selection?: TableSelection | undefined;
};

/** The key's end of the archive: one object, or the directory that its files lie under. */
export function archiveName(format: Format, { method }: Compression): string {
  switch (format) {
    case 'custom':
      return 'archive.dump';
    case 'tar':
      return 'archive.tar';
    case 'directory':
      return 'archive';
    case 'plain': {
      const ending = { zstd: '.zst', gzip: '.gz', lz4: '.lz4', none: '' }[method];
      return `archive.sql${ending}`;
    }
  }
}

/**
 * pg_dump's arguments. `--dbname` takes a connection string, so the name goes in quoted: a database called
 * `host=evil dbname=x` stays a name. `--verbose` reports each table, which is the only progress a dump shows.
 */
export function dumpArguments(options: DumpOptions, pgDumpMajor: number, directory?: string): string[] {
  const args = [
    `--dbname=${quoteConninfo(options.database)}`,
    `--format=${options.format}`,
    `--snapshot=${options.snapshot}`,
    // Else a client_encoding of the role or the database would be taken, into which not all may be converted.
    `--encoding=${options.encoding}`,
    `--lock-wait-timeout=${options.lockWaitSeconds * 1_000}`,
    '--no-password',
    '--verbose',
    ...selectionArguments(options.selection),
  ];
  // The tar format takes no compression argument, not even none.
  if (options.format !== 'tar') args.push(compressionArgument(options.compression, pgDumpMajor));
  if (directory !== undefined) args.push(`--file=${directory}`, `--jobs=${options.jobs}`, '--no-sync');
  return args;
}

/** Patterns are pg_dump's to read. One for what is wanted that matches nothing is an error: less would be dumped than was asked for. */
function selectionArguments(selection: TableSelection = {}): string[] {
  const { schemas = [], excludeSchemas = [], excludeTables = [], excludeTableData = [] } = selection;
  return [
    ...schemas.map((pattern) => `--schema=${pattern}`),
    ...(schemas.length > 0 ? ['--strict-names'] : []),
    ...excludeSchemas.map((pattern) => `--exclude-schema=${pattern}`),
    ...excludeTables.map((pattern) => `--exclude-table=${pattern}`),
    ...excludeTableData.map((pattern) => `--exclude-table-data=${pattern}`),
  ];
}

/**
 * What an archive will probably measure, in bytes: compressed data were between a fifth and a third of the
 * database's size on disk in every database tried; half is the cautious side.
 */
export function expectedArchiveBytes(databaseBytes: number, compression: Compression): number {
  return compression.method === 'none' ? databaseBytes : Math.ceil(databaseBytes / 2);
}
