import { chown, lchown, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { makeMarkedDirectory } from '../../scratch/leftovers.ts';
import { removeTree } from '../../scratch/remove-tree.ts';
import { isReachable, type OsUser } from './os-user.ts';

/** Linux allows 107 bytes, macOS 103. */
const socketPathLimit = 103;

/** The directories of one server, to be removed together, also where this process is killed. */
export class ServerDirectories {
  readonly #paths: string[] = [];
  readonly #endWatches: (() => void)[] = [];

  /** @param owner the user that may write in it; default: the one that runs this process */
  async make(parent: string, owner?: OsUser | undefined): Promise<string> {
    const made = await makeMarkedDirectory(parent);
    this.#paths.push(made);
    this.#endWatches.push(watchForOrphans({ paths: [made] }));
    if (owner !== undefined) await chown(made, owner.uid, owner.gid);
    return made;
  }

  /** Removes all of them, and only then fails if one could not be removed. May be called again. */
  async remove(): Promise<void> {
    const ended = await Promise.allSettled(this.#paths.map(removeTree));
    for (const endWatch of this.#endWatches.splice(0)) endWatch();
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }
}

export type ServerPlaces = {
  /** Where further directories of the server are made. */
  readonly parent: string;
  /** The server's own. */
  readonly directory: string;
  /** The same, but where its path is too long for a socket. */
  readonly socketDirectory: string;
};

/** Makes the directories that the server writes in. @param wanted default: the system's for temporary files */
export async function makePlaces(
  directories: ServerDirectories,
  wanted: string | undefined,
  osUser: OsUser | undefined,
): Promise<ServerPlaces> {
  const parent = await chooseParent(wanted, osUser);
  const directory = await directories.make(parent, osUser);
  const socketDirectory = fitsSocket(directory) ? directory : await directories.make('/tmp', osUser);
  return { parent, directory, socketDirectory };
}

/** Makes another user the owner of directories and all below them. Links are not followed. */
export async function giveTo({ uid, gid }: OsUser, directories: Iterable<string>): Promise<void> {
  for (const directory of directories) {
    const entries = await readdir(directory, { recursive: true });
    const paths = [directory, ...entries.map((entry) => join(directory, entry))];
    await Promise.all(paths.map((path) => lchown(path, uid, gid)));
  }
}

/** root's own TMPDIR may be closed to the user that the server runs as. */
async function chooseParent(wanted: string | undefined, osUser: OsUser | undefined): Promise<string> {
  const first = wanted ?? tmpdir();
  return (await isReachable(first, osUser)) ? first : '/tmp';
}

function fitsSocket(directory: string): boolean {
  return Buffer.byteLength(join(directory, '.s.PGSQL.65535.lock')) <= socketPathLimit;
}
