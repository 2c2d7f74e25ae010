import * as z from 'zod';
import { cut } from '../text/cut.ts';
import { formats } from '../vocabulary.ts';
import { parseJsonObject } from './document.ts';
import {
  type Manifest,
  type PreviousBackup,
  previousSchema,
  sha256Schema,
  systemIdentifierSchema,
} from './manifest.ts';
import { archiveBytes, totalRows } from './sizes.ts';

/** Created before the manifest: what a list needs of it (decision 18). */
export const summaryName = 'summary.json';

const count = z.int().nonnegative();

export const summarySchema = z.looseObject({
  formatVersion: z.literal(1),
  id: z.string(),
  source: z.string(),
  database: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  server: z.looseObject({ version: z.string(), systemIdentifier: systemIdentifierSchema.optional() }),
  archive: z.looseObject({ format: z.enum(formats), compression: z.string(), bytes: count }),
  databaseBytes: count,
  tables: count,
  /** Of all tables together; null where they were not counted. */
  rows: count.nullable(),
  partial: z.boolean().optional(),
  previous: previousSchema.optional(),
  /** The manifest that this is about. */
  manifest: z.looseObject({ bytes: count, sha256: sha256Schema }),
});

export type Summary = z.infer<typeof summarySchema>;

/** What a list needs of a manifest. @param stored its bytes in the store: how many, and their SHA-256 */
export function summaryOf(
  manifest: Manifest,
  stored: { readonly bytes: number; readonly sha256: string },
): Summary {
  const { id, source, database, startedAt, finishedAt, server, dump, databaseBytes, tables } = manifest;
  const { systemIdentifier } = server;
  return {
    formatVersion: 1,
    id,
    source,
    database,
    startedAt,
    finishedAt,
    server: {
      version: server.version,
      ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    },
    archive: { format: dump.format, compression: dump.compression, bytes: archiveBytes(manifest) },
    databaseBytes,
    tables: tables.length,
    rows: totalRows(manifest) ?? null,
    ...(manifest.partial === undefined ? {} : { partial: manifest.partial }),
    ...(manifest.previous === undefined ? {} : { previous: manifest.previous }),
    manifest: { bytes: stored.bytes, sha256: stored.sha256 },
  };
}

/** A summary has some hundred bytes; what is larger is none of ours. */
export const summaryLimitBytes = 64 * 1024;
/** The most that is kept of a text in one; versions and compressions are shorter, and so is every id. */
const keptCharacters = 2_000;

/** What is known of its fields, and no text longer than ours are: a list keeps thousands. */
export function leanSummary(summary: Summary): Summary {
  const { formatVersion, id, source, database, startedAt, finishedAt, server, archive } = summary;
  const { databaseBytes, tables, rows, partial, previous, manifest } = summary;
  const lean = (text: string): string => cut(text, keptCharacters);
  const { systemIdentifier } = server;
  return {
    formatVersion,
    id,
    source,
    database,
    startedAt: lean(startedAt),
    finishedAt: lean(finishedAt),
    server: {
      version: lean(server.version),
      ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    },
    archive: { format: archive.format, compression: lean(archive.compression), bytes: archive.bytes },
    databaseBytes,
    tables,
    rows,
    ...(partial === undefined ? {} : { partial }),
    ...(previous === undefined ? {} : { previous: leanPrevious(previous, lean) }),
    manifest: { bytes: manifest.bytes, sha256: manifest.sha256 },
  };
}

function leanPrevious(previous: PreviousBackup, lean: (text: string) => string): PreviousBackup {
  const { id, systemIdentifier, rows, bytes, format, compression } = previous;
  return {
    id: lean(id),
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    rows,
    bytes,
    format,
    compression: lean(compression),
  };
}

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no summary */
export function parseSummary(bytes: Uint8Array, where: string): Summary {
  return parseJsonObject(bytes, where, summarySchema, 'summary');
}
