import type { Client } from 'pg';
import { freeBytes } from '../scratch/free-room.ts';
import { formatBytes } from '../text/units.ts';
import { archiveRoom, noRoomForArchive } from './bring-archive.ts';
import { type Finding, refusedBy } from './finding.ts';
import type { RestoreDependencies } from './request.ts';

/** Bytes that a restore needs, and that are free as far as that can be known. */
export type Room = {
  /** What the database measured at the source. */
  readonly targetBytes: number;
  /** Null where the server's disk is not to be seen from here. */
  readonly targetFreeBytes: number | null;
  readonly scratchBytes: number;
  readonly scratchFreeBytes: number;
  readonly scratchDirectory: string;
};

/** @param whyFile why the archive has to lie in a file; undefined where it may be restored while it comes */
export function roomFindings(room: Room, whyFile: string | undefined): Finding[] {
  const {
    targetBytes,
    targetFreeBytes,
    scratchBytes: needed,
    scratchFreeBytes: free,
    scratchDirectory,
  } = room;
  const wanted = `about ${formatBytes(targetBytes)} on the server`;
  const target: Finding =
    targetFreeBytes === null
      ? {
          subject: 'room',
          status: 'unknown',
          detail: `${wanted}: how much is free there a server does not tell`,
        }
      : {
          subject: 'room',
          status: targetFreeBytes < targetBytes ? 'warning' : 'ok',
          detail: `${wanted}, ${formatBytes(targetFreeBytes)} are free`,
        };
  const place = `${formatBytes(needed)} for the archive in ${scratchDirectory}, ${formatBytes(free)} are free`;
  if (needed <= free) return [target, { subject: 'scratch', status: 'ok', detail: place }];
  if (whyFile === undefined)
    return [
      target,
      {
        subject: 'scratch',
        status: 'warning',
        detail: `${place}: it is restored by one process while it comes`,
      },
    ];
  return [
    target,
    refusedBy('scratch', noRoomForArchive({ free, needed }, { directory: scratchDirectory }, whyFile)),
  ];
}

export async function readRoom(
  { manifest, scratch, target }: Pick<RestoreDependencies, 'manifest' | 'scratch' | 'target'>,
  client: Client,
): Promise<Room> {
  const { free, needed } = await archiveRoom(manifest, scratch);
  return {
    targetBytes: manifest.databaseBytes,
    targetFreeBytes: target.host.startsWith('/') ? await freeOf(client) : null,
    scratchBytes: needed,
    scratchFreeBytes: free,
    scratchDirectory: scratch.directory,
  };
}

/** Of a server on this machine, where its role may know in which directory it lies. */
async function freeOf(client: Client): Promise<number | null> {
  const { rows } = await client.query<{ directory: string }>(
    "select setting as directory from pg_catalog.pg_settings where name = 'data_directory'",
  );
  const directory = rows[0]?.directory;
  return directory === undefined ? null : await freeBytes(directory).catch(() => null);
}
