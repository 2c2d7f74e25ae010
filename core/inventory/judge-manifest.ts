import { type BackupId, formatId } from '../manifest/backup-id.ts';
import { documentNames } from '../manifest/document-names.ts';
import { type Manifest, ManifestUnreadable, parseManifest } from '../manifest/manifest.ts';
import { isKey } from '../store/key.ts';
import { oneLine } from '../text/one-line.ts';

/**
 * The manifest of a backup: of its schema, about the backup that its key names, and naming nothing outside of that
 * backup. The only judge there is: what it refuses is listed as unreadable, fails its verification and is not restored.
 *
 * @param where its key, for people
 * @throws ManifestUnreadable
 */
export function judgeManifest(bytes: Uint8Array, id: BackupId, where: string): Manifest {
  const manifest = parseManifest(bytes, where);
  const problem = problemOf(manifest, id);
  if (problem === undefined) return manifest;
  throw new ManifestUnreadable({
    what: `${where} is not the manifest of this backup`,
    got: problem,
    fix: "Restore the object from the bucket's version history, or take another backup.",
  });
}

/** What a manifest says may be as long as it likes. */
const shown = { limit: 200 };

function quoted(text: string): string {
  return oneLine(JSON.stringify(text), shown);
}

function problemOf(manifest: Manifest, id: BackupId): string | undefined {
  const { source, database } = id;
  return (
    anotherThan(manifest.id, formatId(id), 'backup') ??
    anotherThan(manifest.source, source, 'source') ??
    anotherThan(manifest.database, database, 'database') ??
    problemOfVersions(manifest) ??
    problemOfObjects(manifest)
  );
}

function anotherThan(got: string, expected: string, what: string): string | undefined {
  return got === expected
    ? undefined
    : `it is the manifest of another ${what}: ${oneLine(got, shown)}, expected ${expected}`;
}

function problemOfVersions({ dump, server }: Manifest): string | undefined {
  if (!/^[1-9]\d{0,2}(?!\d)/.test(dump.pgDump))
    return `it names no version of pg_dump: ${quoted(dump.pgDump)}`;
  return server.versionNum < 10_000_000
    ? undefined
    : `it names no version of PostgreSQL: ${server.versionNum}`;
}

/** The most that a file system takes as one part of a path. */
const segmentBytes = 255;

function problemOfObjects({ objects, dump }: Manifest): string | undefined {
  const names = new Set<string>();
  for (const { name } of objects) {
    if (!isPart(name)) return `it names an object that is no part of a backup: ${quoted(name)}`;
    if (names.has(name)) return `it names an object twice: ${quoted(name)}`;
    names.add(name);
  }
  const archive = objects.filter(({ role }) => role === 'archive');
  if (archive.length === 0) return 'it names no archive';
  if (dump.format === 'directory') {
    const stray = archive.find(({ name }) => !/^archive\/[^/]+$/.test(name));
    return stray && `it names an object that is no part of a directory archive: ${quoted(stray.name)}`;
  }
  if (archive.length > 1)
    return `it names ${archive.length} archives, and format ${dump.format} is one object`;
  for (const role of ['globals', 'database'] as const) {
    if (objects.filter((one) => one.role === role).length > 1) return `it names several objects for ${role}`;
  }
  return undefined;
}

/** Whether a key's end stays below the backup's own prefix, in every store, and is no document of ours. */
function isPart(name: string): boolean {
  const isLong = name.split('/').some((segment) => Buffer.byteLength(segment) > segmentBytes);
  return isKey(name) && !isLong && !documentNames.has(name);
}
