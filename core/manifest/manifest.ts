import * as z from 'zod';
import { formats, passwordsLeftOut } from '../vocabulary.ts';
import { listOf, parseJsonObject, textByName } from './document.ts';

export { ManifestUnreadable, parseJsonObject, serialize } from './document.ts';

export const manifestName = 'manifest.json';
export const verificationName = 'verification.json';

const count = z.int().nonnegative();
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** What initdb gave the cluster: the same on its standbys, and on what was made of a snapshot of its disk. */
export const systemIdentifierSchema = z.string().regex(/^\d{1,20}$/);

/** The backup that was the newest of the same source and database when this one was taken, as it is remembered. */
export const previousSchema = z.looseObject({
  id: z.string(),
  systemIdentifier: systemIdentifierSchema.optional(),
  /** Of all tables together; null where they were not counted. */
  rows: count.nullable(),
  /** Of its archive, in what format and compressed how. */
  bytes: count,
  format: z.enum(formats),
  compression: z.string(),
});

const storedFileSchema = z.looseObject({
  /** `database`: owner, grants and settings of the database itself, where the archive does not bring them. */
  role: z.enum(['archive', 'globals', 'database']),
  /** The key's end, relative to the manifest's directory: `archive.dump`, `archive/toc.dat`. */
  name: z.string().min(1),
  bytes: count,
  sha256: sha256Schema,
});

const tableSchema = z.looseObject({
  schema: z.string(),
  name: z.string(),
  /** Rows in the very snapshot that pg_dump read; null where counting was switched off (`--rows none`). */
  rows: count.nullable(),
  /**
   * Hash of the table's content in that snapshot (`--fingerprint`), the same whatever the order of the rows; null where
   * it could not be made. Absent where it was not asked for.
   */
  fingerprint: z.string().nullable().optional(),
  /** Of a partition: the table at the top of its tree, through which pg_dump may have its rows loaded. */
  root: z.looseObject({ schema: z.string(), name: z.string() }).optional(),
});

/** The locale of a database, as CREATE DATABASE takes it. */
const localeSchema = z.looseObject({
  provider: z.enum(['libc', 'icu', 'builtin']),
  collate: z.string(),
  ctype: z.string(),
  /** Of the providers other than libc. */
  locale: z.string().optional(),
  rules: z.string().optional(),
});

/** An object of the database as the source's catalogs described it: an index, a function, a constraint. */
const nameSchema = z.looseObject({ schema: z.string(), name: z.string() });
const databaseObjectSchema = z.looseObject({
  /** As pg_identify_object says: `index`, `function`, `table constraint`. */
  type: z.string(),
  identity: z.string(),
  /** Start of the SHA-256 of its definition, owner and grants; null where it changed while it was backed up. */
  digest: z.string().nullable(),
  /**
   * Operators, functions and operator classes that its definition calls and that are not built in, by name; absent where
   * there are none, null where they changed while it was backed up.
   */
  uses: listOf(z.string()).nullable().optional(),
});

/** What a program, or pgproof itself, said although all went well. */
const warningSchema = z.looseObject({ program: z.string(), message: z.string() });

/** Something that the database holds and the dump does not. */
const notDumpedSchema = z.looseObject({
  /** `subscription`, `rows of an extension`, `state of triggers` and their like. */
  kind: z.string(),
  /** As people read it: quoted as in SQL where it is not plain. */
  name: z.string(),
  reason: z.string(),
  /** Of rows, how many; null where they were not counted. */
  rows: count.nullable().optional(),
});

/** What a partial backup does not hold, and what comes of that. */
const leftOutSchema = z.looseObject({
  /** Tables that are not in it at all; the first thousand. */
  tables: listOf(nameSchema),
  moreTables: count.optional(),
  /** Tables of which it has the definition only: restored, they are empty; those of an extension as that makes them. */
  rows: listOf(nameSchema.extend({ ofExtension: z.boolean().optional() })),
  /** What it holds and cannot be restored, because it needs something that was left out. */
  dependents: listOf(
    z.looseObject({
      /** OIDs of its catalog and row, as a table of contents has them: `2606 16506`. */
      object: z.string(),
      /** As the server describes it: `constraint orders_user_fkey on table app.orders`. */
      name: z.string(),
      needs: z.string(),
      /** `attach`: it is made, and cannot become the partition that it was. */
      part: z.string().optional(),
    }),
  ),
});

const neededSchema = z.looseObject({
  name: z.string(),
  /** What for: of roles `owner`, `grant`, `policy` and their like, of tablespaces `table` or `database`. */
  as: listOf(z.string()),
});

/** What the archive names and does not make. */
const needsSchema = z.looseObject({ roles: listOf(neededSchema), tablespaces: listOf(neededSchema) });

/** Loose on purpose: a newer pgproof may add fields, and an older one must still read the rest. */
export const manifestSchema = z.looseObject({
  formatVersion: z.literal(1),
  id: z.string(),
  source: z.string(),
  database: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  server: z.looseObject({
    version: z.string(),
    versionNum: count,
    encoding: z.string(),
    inRecovery: z.boolean(),
    /** Of the cluster; absent where it could not be read, and in backups of older versions. */
    systemIdentifier: systemIdentifierSchema.optional(),
    /** Where the connection went; of a socket, its directory. */
    host: z.string().optional(),
    port: count.optional(),
    /** Of the database. */
    locale: localeSchema.optional(),
  }),
  dump: z.looseObject({
    pgDump: z.string(),
    format: z.enum(formats),
    /** `zstd:1`, `gzip:6`, `lz4`, `none`. */
    compression: z.string(),
    jobs: z.int().positive(),
    snapshot: z.string(),
    /** Settings of its session that show in what it wrote: `TimeZone`, `lc_monetary` and their like. */
    settings: textByName().optional(),
    /** Why one job has to restore its rows, and what comes after them; null where several may. */
    oneJob: z.looseObject({ rows: z.string().nullable(), after: z.string().nullable() }).optional(),
    /** Whether there is money in it, whose amounts mean something under `lc_monetary` only. */
    holdsMoney: z.boolean().optional(),
  }),
  /** Whether globals.sql holds the roles' password hashes; managed services refuse them. */
  globals: z.looseObject({
    rolePasswords: z.boolean(),
    /** Why there are none: nobody wanted them, or the server did not let them be read. */
    rolePasswordsLeftOut: z.enum(passwordsLeftOut).optional(),
    /** The role that initdb made, whatever it is called there: owner of the system's own objects. */
    bootstrapRole: z.string().optional(),
    /** Every role of globals.sql. */
    roles: listOf(z.string()).optional(),
    /** Every tablespace of globals.sql. */
    tablespaces: listOf(z.string()).optional(),
    /** What they are like: attributes, memberships, settings, owners, grants; `facts` is null where it changed meanwhile. */
    state: listOf(
      z.looseObject({
        kind: z.enum(['role', 'tablespace', 'parameter']),
        name: z.string(),
        facts: listOf(z.string()).nullable(),
      }),
    ).optional(),
  }),
  /** Absent where tables were left out, where it could not be read, and in backups of older versions. */
  needs: needsSchema.optional(),
  /** Absent where there was none, where it could not be read, and in backups of older versions. */
  previous: previousSchema.optional(),
  /** Whether tables were left out on purpose: such a backup counts for nothing in retention. */
  partial: z.boolean().optional(),
  /** What was asked to be left out, as patterns of pg_dump's; also where they match nothing, so that it is whole. */
  selection: z
    .looseObject({
      schemas: listOf(z.string()).optional(),
      excludeSchemas: listOf(z.string()).optional(),
      excludeTables: listOf(z.string()).optional(),
      excludeTableData: listOf(z.string()).optional(),
    })
    .optional(),
  /** Of a partial one. */
  leftOut: leftOutSchema.optional(),
  objects: listOf(storedFileSchema, { least: 1 }),
  tables: listOf(tableSchema),
  extensions: listOf(z.looseObject({ name: z.string(), version: z.string() })),
  /** What a restored database must have, for a verification by restore. */
  catalog: listOf(databaseObjectSchema).optional(),
  /** Whether `uses` of its objects was recorded: older manifests know nothing of it. */
  catalogHasUses: z.boolean().optional(),
  largeObjects: count.optional(),
  /** Of all large objects together (`--fingerprint`); null where it could not be made. */
  largeObjectsFingerprint: z.string().nullable().optional(),
  databaseBytes: count,
  /** Absent in backups of older versions, which recorded none. */
  warnings: listOf(warningSchema).optional(),
  /** Absent where it could not be read, and in backups of older versions. */
  notDumped: listOf(notDumpedSchema).optional(),
  pgproof: z.string(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type PreviousBackup = z.infer<typeof previousSchema>;
export type StoredFile = z.infer<typeof storedFileSchema>;
export type TableRows = z.infer<typeof tableSchema>;
export type DatabaseLocale = z.infer<typeof localeSchema>;
export type BackupWarning = z.infer<typeof warningSchema>;
export type NotDumped = z.infer<typeof notDumpedSchema>;
export type Needs = z.infer<typeof needsSchema>;
export type LeftOut = z.infer<typeof leftOutSchema>;
export type DatabaseObject = z.infer<typeof databaseObjectSchema>;

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no manifest */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  return parseJsonObject(bytes, where, manifestSchema, 'manifest');
}
