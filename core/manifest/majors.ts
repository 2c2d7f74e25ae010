import type { Manifest } from './manifest.ts';

export type Majors = {
  /** Of the server that was backed up. */
  readonly source: number;
  /** Of the pg_dump that wrote the archive. */
  readonly pgDump: number;
  /**
   * Of the programs that a restore needs: the source's own where it was dumped by them. What a newer pg_dump wrote no
   * older pg_restore reads, and it may hold settings that no older server knows.
   */
  readonly needed: number;
};

export function majorsOf({ server, dump }: Manifest): Majors {
  const source = Math.floor(server.versionNum / 10_000);
  const pgDump = Number.parseInt(dump.pgDump, 10);
  return { source, pgDump, needed: Math.max(source, pgDump) };
}
