import { access, lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FoundTools } from '../programs/tools.ts';
import { debianRoot } from './os-user.ts';

/** Below /usr; /usr/local is left out, for it holds what people put there. */
const userDirectories = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libexec', 'share'];
const rootDirectories = ['bin', 'sbin', 'lib', 'lib32', 'lib64'];
const devices = ['null', 'zero', 'full', 'random', 'urandom'];

export type SandboxPlaces = {
  readonly tools: FoundTools;
  /** The server's own: the only thing that it may write. */
  readonly directory: string;
  readonly socketDirectory: string;
};

/** One path in the sandbox. `optional`: it may be missing outside. */
export type Mount =
  | { readonly kind: 'read-only' | 'optional'; readonly from: string; readonly to: string }
  | { readonly kind: 'writable' | 'device'; readonly path: string }
  | { readonly kind: 'link'; readonly target: string; readonly path: string };

/**
 * A file system in which the server finds its programs, read only, its own directories, a few devices, and nothing
 * else. The `passwd` in its directory becomes /etc/passwd. In the order in which they are to be made.
 */
export async function sandboxMounts({ tools, directory, socketDirectory }: SandboxPlaces): Promise<Mount[]> {
  const programs = await installationDirectories(tools.directory);
  const optional = (path: string): Mount => ({ kind: 'optional', from: path, to: path });
  return [
    ...userDirectories.map((name) => optional(join('/usr', name))),
    ...(await Promise.all(rootDirectories.map(sameAtRoot))).flat(),
    optional('/etc/ld.so.cache'),
    { kind: 'read-only', from: join(directory, 'passwd'), to: '/etc/passwd' },
    ...devices.map((name): Mount => ({ kind: 'device', path: join('/dev', name) })),
    // Programs and directories may lie in /dev/shm: after the new /dev, which would cover them, and before it is closed.
    ...programs.map(optional),
    ...[...new Set([directory, socketDirectory])].map((path): Mount => ({ kind: 'writable', path })),
  ];
}

/** /bin is a link to usr/bin on most systems, a directory on the others. */
async function sameAtRoot(name: string): Promise<Mount[]> {
  const path = join('/', name);
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isSymbolicLink()) return [{ kind: 'link', target: await readlink(path), path }];
  return entry?.isDirectory() ? [{ kind: 'read-only', from: path, to: path }] : [];
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
