import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { uniqueName } from '../postgres/servers.ts';

/** A limit of memory for all processes that are started with {@link words} before their own. */
export type MemoryGroup = {
  readonly words: readonly string[];
  /** The most that was used at once, in bytes; files in the sandbox's /tmp count, which Lambda does not do. */
  readonly peakBytes: () => Promise<number>;
};

/** A control group for the callback; `undefined` where the machine does not let us make one. */
export async function withMemoryLimit<T>(
  bytes: number,
  use: (group: MemoryGroup | undefined) => Promise<T>,
): Promise<T> {
  const group = await makeGroup();
  if (group === undefined) {
    console.info(
      'This machine lets us make no control group for a sandbox: no limit of memory but V8’s own.',
    );
    return use(undefined);
  }
  try {
    await writeFile(join(group, 'memory.limit_in_bytes'), String(bytes));
    return await use({
      words: ['/bin/sh', '-c', `echo $$ > "$0/cgroup.procs" && exec "$@"`, group],
      peakBytes: async () => Number(await readFile(join(group, 'memory.max_usage_in_bytes'), 'utf8')),
    });
  } finally {
    await removeGroup(group);
  }
}

async function makeGroup(): Promise<string | undefined> {
  // Outside of a sandbox programs do not run as the user that we are, who alone may enter the group.
  if (inject('sandbox').bubblewrap === undefined) return undefined;
  const parent = await ownGroup();
  if (parent === undefined) return undefined;
  const group = join(parent, uniqueName('pgproof'));
  return mkdir(group).then(
    () => group,
    () => undefined,
  );
}

/** Below our own group, so that whatever limits us goes on to do so. */
async function ownGroup(): Promise<string | undefined> {
  const groups = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const path = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  if (path === undefined) return undefined;
  const directory = join('/sys/fs/cgroup/memory', path);
  return access(join(directory, 'cgroup.procs'), constants.W_OK).then(
    () => directory,
    () => undefined,
  );
}

/** A group can be removed when its last process is reaped, which we do not see. */
async function removeGroup(group: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      return await rmdir(group);
    } catch (error: unknown) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`${group} cannot be removed: processes are left in it`);
}
