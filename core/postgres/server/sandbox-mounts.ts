import { access, lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FoundTools } from '../programs/tools.ts';
import { debianRoot } from './os-user.ts';

/** Below /usr; /usr/local is left out, for it holds what people put there. */
const userDirectories = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libexec', 'share'];
const rootDirectories = ['bin', 'sbin', 'lib', 'lib32', 'lib64'];
const devices = ['null', 'zero', 'full', 'random', 'urandom'];

export type SandboxMounts = {
  readonly tools: FoundTools;
  /** The server's own: the only thing that it may write. */
  readonly directory: string;
  readonly socketDirectory: string;
};

/**
 * bwrap's arguments for a file system in which the server finds its programs, read only, its own directories, a few
 * devices, and nothing else. The `passwd` in its directory becomes /etc/passwd.
 */
export async function mountArguments({
  tools,
  directory,
  socketDirectory,
}: SandboxMounts): Promise<string[]> {
  const programs = await installationDirectories(tools.directory);
  return [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    ...userDirectories.map((name) => join('/usr', name)).flatMap((path) => ['--ro-bind-try', path, path]),
    ...(await Promise.all(rootDirectories.map(sameAtRoot))).flat(),
    '--ro-bind-try',
    '/etc/ld.so.cache',
    '/etc/ld.so.cache',
    '--ro-bind',
    join(directory, 'passwd'),
    '/etc/passwd',
    '--tmpfs',
    '/dev',
    ...devices.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    // Programs and directories may lie in /dev/shm: after the new /dev, which would cover them, and before it is closed.
    ...programs.flatMap((path) => ['--ro-bind-try', path, path]),
    ...[...new Set([directory, socketDirectory])].flatMap((path) => ['--bind', path, path]),
    '--remount-ro',
    '/dev',
    '--remount-ro',
    '/',
    '--chdir',
    directory,
  ];
}

/** /bin is a link to usr/bin on most systems, a directory on the others. */
async function sameAtRoot(name: string): Promise<string[]> {
  const path = join('/', name);
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isSymbolicLink()) return ['--symlink', await readlink(path), path];
  return entry?.isDirectory() ? ['--ro-bind', path, path] : [];
}

/**
 * What the programs need that does not lie in the system's own directories. Never a whole prefix: that of
 * ~/bin/postgres is the home directory.
 */
async function installationDirectories(programs: string): Promise<string[]> {
  const debian = debianRoot(programs);
  if (debian !== undefined) return debian === '' ? [] : [join(debian, 'usr')];
  const prefix = dirname(programs);
  if (prefix === '/usr' || prefix === '/') return [];
  const share = join(prefix, 'share');
  const isOwnShare = await access(join(share, 'postgres.bki')).then(
    () => true,
    () => false,
  );
  const shares = isOwnShare ? [share] : [join(share, 'postgresql')];
  return [programs, join(prefix, 'lib'), join(prefix, 'lib64'), ...shares];
}
