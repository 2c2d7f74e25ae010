import { chmod, cp, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PgproofError } from '../../errors.ts';
import { lastOwnNumber, ownNumbers, processesOf } from '../../scratch/user-processes.ts';
import type { FoundTools } from '../programs/tools.ts';

/** The operating system's user that the server runs as. */
export type OsUser = { readonly name: string; readonly uid: number; readonly gid: number };

/**
 * PostgreSQL refuses to run as root: then it runs as `postgres` where there is such a user, else as `nobody`.
 * `undefined`: as the user that runs this process.
 */
export async function chooseOsUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const mapped = parseUidMap(await readFile('/proc/self/uid_map', 'utf8').catch(() => ''));
  const users = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => '')).filter(({ uid }) =>
    mapped(uid),
  );
  const osUser = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody');
  if (osUser !== undefined) return osUser;
  throw new PgproofError({
    what: 'A PostgreSQL server cannot be started as root',
    got: 'no user postgres or nobody in /etc/passwd whom this container knows',
    fix: 'Run pgproof as an ordinary user.',
  });
}

let asked = 0;

/**
 * As root: a user without a name that nothing else runs as, for a server with hostile SQL. Everything that runs as it
 * is that server's. Where this container knows no such number, and as an ordinary user: as chooseOsUser.
 */
export async function chooseOwnUser(): Promise<OsUser | undefined> {
  const fallback = await chooseOsUser();
  if (fallback === undefined) return undefined;
  const mapped = parseUidMap(await readFile('/proc/self/uid_map', 'utf8').catch(() => ''));
  const named = new Set(
    parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => '')).map(({ uid }) => uid),
  );
  const size = lastOwnNumber - ownNumbers + 1;
  // Processes that begin at the same moment have other numbers, and so take other users.
  for (let tried = 0; tried < size; tried += 1) {
    const uid = ownNumbers + ((process.pid * 7 + asked) % size);
    asked += 1;
    if (!mapped(uid) || named.has(uid) || (await processesOf(uid)).length > 0) continue;
    return { name: `user ${uid}`, uid, gid: uid };
  }
  return fallback;
}

/**
 * Lines of `/proc/self/uid_map`: first user, the same outside, how many (user_namespaces(7)). Root of a namespace cannot
 * act as a user that is not mapped. An empty text: every user is mapped.
 */
export function parseUidMap(text: string): (uid: number) => boolean {
  const ranges = [...text.matchAll(/^\s*(\d+)\s+\d+\s+(\d+)$/gm)].map(([, first, count]) => ({
    first: Number(first),
    end: Number(first) + Number(count),
  }));
  return (uid) => ranges.length === 0 || ranges.some(({ first, end }) => uid >= first && uid < end);
}

/** Lines of `/etc/passwd`: name:password:uid:gid:… */
export function parsePasswd(text: string): OsUser[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** Whether the user may pass through the directory and all above it: a clone under /root is closed to others. */
export async function isReachable(directory: string, osUser: OsUser | undefined): Promise<boolean> {
  if (osUser === undefined) return true;
  for (let path = directory; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const execute = uid === osUser.uid ? 0o100 : gid === osUser.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/**
 * The same programs where the user can start them: in place, or copied into a directory that `makeDirectory` makes
 * when it is needed. The copy belongs to us: SQL in the server must not change programs.
 */
export async function reachableTools(
  tools: FoundTools,
  osUser: OsUser | undefined,
  makeDirectory: () => Promise<string>,
): Promise<FoundTools> {
  if (await isReachable(tools.directory, osUser)) return tools;
  const root = installationRoot(tools.directory);
  const scratch = await makeDirectory();
  await chmod(scratch, 0o755);
  const copy = join(scratch, 'programs');
  await cp(root, copy, { recursive: true });
  return { ...tools, directory: join(copy, tools.directory.slice(root.length)) };
}

/** The directory below which the programs find their libraries and support files, by paths relative to themselves. */
function installationRoot(programs: string): string {
  return debianRoot(programs) ?? dirname(programs);
}

/** What is above `/usr` where programs lie as Debian lays them out, as in our layers; empty for the system's own. */
export function debianRoot(programs: string): string | undefined {
  return /^(.*)\/usr\/lib\/postgresql\/\d+\/bin\/?$/.exec(programs)?.[1];
}
