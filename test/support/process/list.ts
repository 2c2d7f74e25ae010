import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export type ProcessEntry = { readonly pid: number; readonly commandLine: string };

/** Every process and its arguments, as anybody on the machine can see them. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  const names = await readdir('/proc').catch(() => undefined);
  if (names === undefined) return listWithPs();
  const entries = names
    .filter((name) => /^\d+$/.test(name))
    .map(async (name): Promise<ProcessEntry> => {
      // A process that has ended meanwhile has no file any more.
      const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(name), commandLine: commandLine.replaceAll('\0', ' ').trim() };
    });
  return (await Promise.all(entries)).filter(({ commandLine }) => commandLine !== '');
}

async function listWithPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,args='], {
    maxBuffer: 1 << 26,
  });
  return stdout
    .split('\n')
    .map((line) => /^ *(\d+) (.*)$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ pid: Number(match[1]), commandLine: match[2] ?? '' }]));
}
