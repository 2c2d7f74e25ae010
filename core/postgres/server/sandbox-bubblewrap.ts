import { dirname } from 'node:path';
import type { Mount } from './sandbox-mounts.ts';
import { type SandboxWay, type SandboxWish, setprivArguments } from './sandbox-way.ts';

/** Nested user namespaces are closed where bwrap can; some containers allow no new /proc. */
const procVariants: readonly (readonly string[])[] = [['--proc', '/proc'], []];

/**
 * bwrap as the server's user, which needs user namespaces; then, where this is root, bwrap as root, which needs none:
 * the user is changed inside.
 */
export function bubblewrapWays(
  program: string,
  { mounts, user, directory, isRoot }: SandboxWish,
): SandboxWay[] {
  const asUser = [
    ['--unshare-user', '--disable-userns', ...(procVariants[0] ?? [])],
    ...procVariants.map((proc) => ['--unshare-user-try', ...proc]),
  ].map(
    (variant): SandboxWay => ({
      tool: 'bubblewrap',
      name: `bubblewrap (${program})`,
      program,
      args: [
        ...variant,
        ...commonArguments(mounts.flatMap(bindArguments)),
        '--chdir',
        directory,
        '--cap-drop',
        'ALL',
        '--',
      ],
      startsAsRoot: false,
    }),
  );
  if (!isRoot) return asUser;
  const asRoot = procVariants.map(
    (variant): SandboxWay => ({
      tool: 'bubblewrap',
      name: `bubblewrap (${program}), started by root`,
      program,
      args: [
        ...variant,
        ...commonArguments(
          mounts.flatMap((...each) => [...openAncestors(each[0]), ...bindArguments(...each)]),
        ),
        // Without its capabilities root may not enter the directory.
        '--chdir',
        '/',
        '--cap-drop',
        'ALL',
        '--cap-add',
        'CAP_SETUID',
        '--cap-add',
        'CAP_SETGID',
        '--',
        'setpriv',
        ...setprivArguments(user),
      ],
      startsAsRoot: true,
    }),
  );
  return [...asUser, ...asRoot];
}

function commonArguments(binds: readonly string[]): string[] {
  return [
    '--unshare-ipc',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--die-with-parent',
    '--new-session',
    '--info-fd',
    '3',
    ...binds,
    '--remount-ro',
    '/dev',
    '--remount-ro',
    '/',
  ];
}

/** The directories above a mount, the outer ones first: bwrap would close those that it makes to all but root. */
function openAncestors(mount: Mount): string[] {
  const path = 'to' in mount ? mount.to : mount.path;
  const found: string[] = [];
  for (let above = dirname(path); above !== '/'; above = dirname(above)) found.unshift(above);
  return found.flatMap((directory) => ['--perms', '0755', '--dir', directory]);
}

function bindArguments(mount: Mount, index: number, all: readonly Mount[]): string[] {
  switch (mount.kind) {
    case 'link':
      return ['--symlink', mount.target, mount.path];
    case 'read-only':
      return ['--ro-bind', mount.from, mount.to];
    case 'optional':
      return ['--ro-bind-try', mount.from, mount.to];
    case 'writable':
      return ['--bind', mount.path, mount.path];
    case 'device': {
      const isFirst = all.findIndex(({ kind }) => kind === 'device') === index;
      return [...(isFirst ? ['--tmpfs', '/dev'] : []), '--dev-bind', mount.path, mount.path];
    }
  }
}
