import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type LeftProcess = { readonly pid: number; readonly commandLine: string };

type Entry = LeftProcess & {
  readonly parent: number;
  readonly state: string;
  /** Environment, arguments and working directory. */
  readonly traces: string;
};

const graceMilliseconds = 5_000;
/** tsx keeps what it compiled for the next process of the same user. */
const compiled = /^tsx-\d+$/;
/** core/postgres/connect/rds-certificates.ts keeps it in a directory of its own as long as the process lives. */
const certificates = 'rds-global-bundle.pem';
/** core/process/orphan-watch.ts: it ends with the process that started it, and may have those certificates to remove. */
const watch = 'pgproof-watch';

/** What lies in a directory for temporary files when all that used it has ended. */
export async function leftFiles(directory: string): Promise<string[]> {
  const left: string[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const inside = await readdir(join(directory, name)).catch(() => []);
    const isKept = compiled.test(name) || (inside.length === 1 && inside[0] === certificates);
    if (!isKept) left.push(name);
  }
  return left;
}

/**
 * Processes that descend from `ancestor` or whose environment, arguments or working directory name `directory`. What is
 * about to end has some seconds to do so. None where there is no /proc.
 */
export async function leftProcesses(ancestor: number, directory: string): Promise<LeftProcess[]> {
  const deadline = performance.now() + graceMilliseconds;
  for (;;) {
    const all = await listProcesses();
    const left = all.filter(
      (one) =>
        one.pid !== ancestor &&
        !'ZX'.includes(one.state) &&
        !(one.parent === ancestor && one.commandLine.endsWith(watch)) &&
        (one.traces.includes(directory) || descends(one, ancestor, all)),
    );
    if (left.length === 0 || performance.now() > deadline)
      return left.map(({ pid, commandLine }) => ({ pid, commandLine }));
    await sleep(50);
  }
}

function descends(entry: Entry, ancestor: number, all: readonly Entry[]): boolean {
  if (entry.parent === ancestor) return true;
  const parent = all.find(({ pid }) => pid === entry.parent);
  return parent !== undefined && descends(parent, ancestor, all);
}

async function listProcesses(): Promise<Entry[]> {
  const names = await readdir('/proc').catch(() => []);
  const entries = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess));
  return entries.filter((entry) => entry !== undefined);
}

async function readProcess(name: string): Promise<Entry | undefined> {
  const read = (file: string): Promise<string> => readFile(join('/proc', name, file), 'utf8').catch(() => '');
  const [stat, environment, commandLine, place] = await Promise.all([
    read('stat'),
    read('environ'),
    read('cmdline'),
    readlink(join('/proc', name, 'cwd')).catch(() => ''),
  ]);
  // The second field is the program's name in parentheses and may hold anything.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || parent === undefined) return undefined;
  return {
    pid: Number(name),
    parent: Number(parent),
    state,
    commandLine: commandLine.replaceAll('\0', ' ').trim(),
    traces: [environment, commandLine, place].join('\0'),
  };
}
