import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { librariesOf } from './programs.ts';

/** What is shown read-only in the sandbox: the path of this machine, and where it lies inside. */
export type Mount = { readonly from: string; readonly to: string };

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: `/tmp` has 512 MB unless more is paid for. */
const temporaryBytes = 512 * 1024 * 1024;
/** As Lambda's own user. */
const user = { id: '993', group: '990' };

const passwd = fileURLToPath(new URL('../../sandbox/passwd', import.meta.url));

/**
 * bubblewrap's arguments for a place like the one where Lambda runs functions: a read-only root with nothing in it
 * but a shell and the mounts, a small /tmp, no /dev/shm, an unprivileged user, no capabilities.
 */
export async function sandboxArguments(mounts: readonly Mount[], network: boolean): Promise<string[]> {
  const shell = await realpath('/bin/sh');
  const shellMounts = (await librariesOf(shell)).map((path) => ({ from: path, to: path }));
  const all = [
    ...mounts,
    { from: shell, to: '/bin/sh' },
    ...shellMounts,
    { from: passwd, to: '/etc/passwd' },
  ];
  const devices = ['null', 'zero', 'random', 'urandom', 'full'].map((name) => `/dev/${name}`);
  return [
    '--unshare-user',
    '--uid',
    user.id,
    '--gid',
    user.group,
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    ...(network ? [] : ['--unshare-net']),
    ...all.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    '--proc',
    '/proc',
    // Not --dev, which makes a /dev/shm that can be written to.
    '--tmpfs',
    '/dev',
    ...devices.flatMap((path) => ['--dev-bind', path, path]),
    '--symlink',
    '/proc/self/fd',
    '/dev/fd',
    '--remount-ro',
    '/dev',
    '--size',
    String(temporaryBytes),
    '--perms',
    '0700',
    '--tmpfs',
    '/tmp',
    '--remount-ro',
    '/',
    '--chdir',
    '/tmp',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
  ];
}
