import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * The id, outside, of the first process in a sandbox, as bwrap tells on file descriptor 3 (`--info-fd`) before it
 * starts the program; `undefined` when it ended without.
 */
export function sandboxedPid(bwrap: ChildProcess): Promise<number | undefined> {
  const pipe = bwrap.stdio[3] as Readable;
  return new Promise((resolve) => {
    let text = '';
    const settle = (): void => resolve(childPid(text));
    pipe.setEncoding('utf8');
    pipe.on('data', (part: string) => {
      text = (text + part).slice(0, 4_096);
      if (childPid(text) !== undefined) settle();
    });
    pipe.once('end', settle);
    pipe.once('error', settle);
  });
}

function childPid(text: string): number | undefined {
  const [, pid] = /"child-pid": *(\d+)\D/.exec(text) ?? [];
  return pid === undefined ? undefined : Number(pid);
}
