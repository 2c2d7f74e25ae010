import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a program in a mount namespace of its own, in which a small tmpfs lies on `directory`. Works as root, and
 * without being root where the kernel lets users have namespaces; where neither does the tests cannot say
 * anything about full disks, and fail.
 * @param mountOptions Of tmpfs, such as `size=8m` or `ro`.
 */
export async function runOnMount(
  directory: string,
  mountOptions: string,
  program: readonly string[],
): Promise<string> {
  const script = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"';
  const failures: unknown[] = [];
  // Who mounts is root there; the program is who runs the tests, for a server refuses to run as root.
  const { getuid, getgid } = process;
  const self = ['unshare', '-U', `--map-user=${getuid?.()}`, `--map-group=${getgid?.()}`];
  for (const { flags, before } of [
    { flags: ['-m'], before: [] },
    { flags: ['-U', '-r', '-m'], before: self },
  ]) {
    try {
      await run('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs tmpfs "$1"', 'sh', directory]);
    } catch (error) {
      failures.push(error);
      continue;
    }
    const { stdout } = await run('unshare', [
      ...flags,
      'sh',
      '-c',
      script,
      'sh',
      mountOptions,
      directory,
      ...before,
      ...program,
    ]);
    return stdout;
  }
  throw new AggregateError(failures, 'A tmpfs cannot be mounted: neither as root nor in a user namespace');
}
