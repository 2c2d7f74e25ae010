/**
 * The whole environment of a pg_restore that connects to nothing: it reads an archive and no configuration. C, because
 * its messages are known in English. UTC, as pgproof's pg_dump ran in it: an archive holds the time of its creation
 * without a zone.
 */
export const offlineEnvironment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } as const;

/** Arguments of a pg_restore that writes an archive to standard output as SQL. */
export function sqlArguments(request: {
  /** Which part of it, and how: `--data-only`, `--schema-only`, `--create`. */
  readonly parts: readonly string[];
  /** pg_restore finds it out by itself where it may; not where the archive comes through a pipe. */
  readonly format?: 'custom' | 'tar' | 'directory' | undefined;
  /** A file of `withUseList`; every entry where undefined. */
  readonly useList?: string | undefined;
  /** The archive's file or directory; standard input where undefined. */
  readonly path?: string | undefined;
}): string[] {
  const { parts, format, useList, path } = request;
  const args = ['--file=-', ...parts];
  if (format !== undefined) args.push(`--format=${format}`);
  if (useList !== undefined) args.push(`--use-list=${useList}`);
  if (path !== undefined) args.push('--', path);
  return args;
}
