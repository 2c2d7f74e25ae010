import { readdir, readFile } from 'node:fs/promises';

const descriptors = '/proc/self/fdinfo';
const standard = 3;
/** O_CLOEXEC, which Node sets on all that it opens itself; the kernel writes the flags in octal. */
const closedOnExec = 0o2000000;

/**
 * Descriptors beyond the standard ones that every program started from here is handed on: what called us left them
 * open (a lock of cron's, a directory). None where there is no /proc.
 */
export async function inheritedDescriptors(): Promise<number[]> {
  const numbers = (await readdir(descriptors).catch(() => [])).map(Number).filter((fd) => fd >= standard);
  const flags = await Promise.all(numbers.map(flagsOf));
  return numbers.filter((_, index) => {
    const flag = flags[index];
    return flag !== undefined && (flag & closedOnExec) === 0;
  });
}

/** `undefined` where it was closed meanwhile. */
async function flagsOf(fd: number): Promise<number | undefined> {
  const [, flags] =
    /^flags:\s*([0-7]+)$/m.exec(await readFile(`${descriptors}/${fd}`, 'utf8').catch(() => '')) ?? [];
  return flags === undefined ? undefined : Number.parseInt(flags, 8);
}
