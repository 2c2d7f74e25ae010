import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses } from '../process/list.ts';
import type { StartedCli } from './run.ts';

/** A directory that the private server's user may reach, for one run of the command. */
export async function openDirectory(parent: string): Promise<string> {
  const directory = await mkdtemp(join(parent, 'looked-'));
  await chmod(directory, 0o755);
  return directory;
}

/** What is still there of a run that had this directory for temporary files: processes and files. */
export async function leftOf(directory: string): Promise<string[]> {
  const running = (await listProcesses()).map(({ commandLine }) => commandLine);
  return [...running.filter((line) => line.includes(directory)), ...(await readdir(directory))];
}

/** Resolves when nothing of it is left; the test's own time limit is the limit. */
export async function untilNothingIsLeft(directory: string): Promise<void> {
  while ((await leftOf(directory)).length > 0) await sleep(50);
}

/** A person at the command's terminal: types, and waits for what it shows after that. */
export class Typist {
  readonly #started: StartedCli;
  #seen = '';
  #shown = '';

  constructor(started: StartedCli) {
    this.#started = started;
    started.child.stdout?.on('data', (text: string) => {
      this.#shown += text;
    });
  }

  /** All that was shown before what is waited for next. */
  get seen(): string {
    return this.#seen;
  }

  type(text: string): void {
    this.#started.child.stdin?.write(text);
  }

  /** Rejects where the command ends without showing it. */
  async waitFor(text: string): Promise<void> {
    let hasEnded = false;
    void this.#started.ended.then(() => {
      hasEnded = true;
    });
    for (;;) {
      const at = this.#shown.indexOf(text);
      if (at >= 0) {
        this.#seen += this.#shown.slice(0, at + text.length);
        this.#shown = this.#shown.slice(at + text.length);
        return;
      }
      if (hasEnded) throw new Error(`It ended without showing ${text}: ${this.#seen}${this.#shown}`);
      await sleep(20);
    }
  }
}
