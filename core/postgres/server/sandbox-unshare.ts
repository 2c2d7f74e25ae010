import type { Mount } from './sandbox-mounts.ts';
import { type SandboxWay, type SandboxWish, setprivArguments } from './sandbox-way.ts';

/*
 * The first process in the new namespaces. It tells its own number, as it is outside, on descriptor 3 (/proc is still
 * the old one), puts together a file system of the paths that it is given, enters it, lets go of the old one, and
 * becomes the program. The new one is put together at /sys, a directory that every system has and none of the paths
 * lies in. A read-only bind must keep the flags of the mount that it comes from, which are not known.
 */
const script = `
set -eu
# pivot_root lies beside what only root uses.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=/sys directory=$1
shift
{ read -r pid rest < /proc/self/stat && echo "{\\"child-pid\\": $pid }" >&3; } 2> /dev/null || :
exec 3>&-
read_only() {
  for flags in ro,nosuid,nodev ro,nosuid ro,nodev ro ro,nosuid,nodev,noexec; do
    if mount -o "remount,bind,$flags" "$1" 2> /dev/null; then return; fi
  done
  echo "$1 cannot be made read only" >&2
  return 1
}
mount -t tmpfs -o mode=755 none "$root"
while [ "$1" != -- ]; do
  kind=$1 from=$2 to=$root$3
  shift 3
  mkdir -p "\${to%/*}"
  if [ "$kind" = link ]; then
    ln -s "$from" "$to"
    continue
  fi
  if [ -d "$from" ]; then
    mkdir -p "$to"
  elif [ -e "$from" ]; then
    : > "$to"
  else
    if [ "$kind" = optional ]; then continue; fi
    echo "$from is missing" >&2
    exit 1
  fi
  mount --rbind "$from" "$to"
  case $kind in read-only | optional) read_only "$to" ;; esac
done
shift
mkdir -p "$root/proc" "$root/.old"
cd "$root"
pivot_root . .old
mount -t proc -o nosuid,nodev,noexec none /proc 2> /dev/null || :
umount -l /.old
rmdir /.old
mount -o remount,bind,ro /
cd "$directory"
exec "$@"
`;

/** What is unshared: mounts, processes, network, System V IPC, the host's name. */
const namespaces = ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child=KILL'];

/** As root, who gives up everything inside; or as the server's user, who becomes root of a namespace for the mounts. */
export function unshareWays(program: string, { mounts, user, directory, isRoot }: SandboxWish): SandboxWay[] {
  const inside = ['/bin/sh', '-c', script, 'pgproof-sandbox', directory];
  const paths = [...mounts.flatMap(mountWords), '--'];
  const asUser: SandboxWay = {
    tool: 'unshare',
    name: `unshare (${program})`,
    program,
    args: [
      '--user',
      '--map-root-user',
      ...namespaces,
      ...inside,
      ...paths,
      // PostgreSQL does not run as root, of a namespace neither: one more, in which it is itself again.
      'unshare',
      '--user',
      `--map-user=${user.uid}`,
      `--map-group=${user.gid}`,
      'setpriv',
      '--no-new-privs',
    ],
    startsAsRoot: false,
  };
  if (!isRoot) return [asUser];
  const asRoot: SandboxWay = {
    tool: 'unshare',
    name: `unshare (${program}), started by root`,
    program,
    args: [...namespaces, ...inside, ...paths, 'setpriv', '--bounding-set=-all', ...setprivArguments(user)],
    startsAsRoot: true,
  };
  return [asUser, asRoot];
}

function mountWords(mount: Mount): string[] {
  switch (mount.kind) {
    case 'link':
      return ['link', mount.target, mount.path];
    case 'read-only':
    case 'optional':
      return [mount.kind, mount.from, mount.to];
    case 'writable':
    case 'device':
      return [mount.kind, mount.path, mount.path];
  }
}
