import { UsageError } from '../errors.ts';

/** Which backup: `<source>/<database>/<started at>`. `startedAt` has whole seconds. */
export type BackupId = { readonly source: string; readonly database: string; readonly startedAt: Date };

const stamp = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z$/;

/**
 * A name as one segment of a key: percent-encoded UTF-8, all but RFC 3986's unreserved characters. A leading
 * dot is encoded too: `..` must never climb, and names with a leading dot belong to the stores.
 */
export function encodeName(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, '%2E');
}

export function decodeName(segment: string): string {
  return decodeURIComponent(segment);
}

/** `2026-11-20T02-00-00Z`: UTC, sorts as time does, and has no colon, which some file systems refuse. */
export function formatStartedAt(startedAt: Date): string {
  return `${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

export function formatId({ source, database, startedAt }: BackupId): string {
  return `${encodeName(source)}/${encodeName(database)}/${formatStartedAt(startedAt)}`;
}

function idProblem(text: string): UsageError {
  return new UsageError({
    what: 'A backup id is malformed',
    got: JSON.stringify(text),
    expected:
      '<source>/<database>/<started at>, such as orders-prod/app/2026-11-20T02-00-00Z, names percent-encoded',
    fix: 'Copy an id from `pgproof list`, or end it with /latest.',
  });
}

/** The id in `text`, or the source and database of `…/latest`. @throws UsageError */
export function parseIdOrLatest(text: string): BackupId | Omit<BackupId, 'startedAt'> {
  const [source, database, startedAt, ...rest] = text.split('/');
  if (!source || !database || !startedAt || rest.length > 0) throw idProblem(text);
  let names: Omit<BackupId, 'startedAt'>;
  try {
    names = { source: decodeName(source), database: decodeName(database) };
  } catch {
    throw idProblem(text);
  }
  if (startedAt === 'latest') return names;
  const parts = stamp.exec(startedAt);
  const time = parts ? new Date(`${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}Z`) : undefined;
  // A date that does not exist (30 February) parses to another one, or not at all.
  if (time === undefined || Number.isNaN(time.getTime()) || formatStartedAt(time) !== startedAt)
    throw idProblem(text);
  return { ...names, startedAt: time };
}

/** The id in `text`; refuses `latest`. @throws UsageError */
export function parseId(text: string): BackupId {
  const id = parseIdOrLatest(text);
  if (!('startedAt' in id)) throw idProblem(text);
  return id;
}

/**
 * The id in a key that may be anybody's; undefined where it is none, or another spelling of one: that is another key,
 * and nothing that we wrote.
 */
export function idInKey(text: string): BackupId | undefined {
  try {
    const id = parseId(text);
    return formatId(id) === text ? id : undefined;
  } catch (error: unknown) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** The key of an object of a backup, relative to the store's prefix. */
export function keyOf(id: BackupId, name: string): string {
  return `${formatId(id)}/${name}`;
}
