import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../run/bundles.ts';

export type CliResult = {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the command left in its directory for temporary files. */
  readonly leftovers: readonly string[];
};

export type CliOptions = {
  /** Added to the few variables that every call has; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** What it reads; `open`: the test writes to `child.stdin`. Default: nothing. */
  readonly stdin?: string | undefined;
  /** A program that runs the command, such as `script`: gets its file and arguments, gives the new ones. */
  readonly through?:
    | ((file: string, args: readonly string[]) => readonly [string, readonly string[]])
    | undefined;
};

export type StartedCli = {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves once standard error says `text`; rejects where the command ends before. */
  readonly says: (text: string | RegExp) => Promise<void>;
};

/** The command as it is published. */
export type Cli = {
  /** A directory for the tests of this file, empty at first. */
  readonly directory: string;
  readonly start: (args: readonly string[], options?: CliOptions) => Promise<StartedCli>;
  readonly run: (args: readonly string[], options?: CliOptions) => Promise<CliResult>;
  readonly close: () => Promise<void>;
};

/** For one test file; `close` it after the last test. */
export async function openCli(): Promise<Cli> {
  const built = await bundle('cli');
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-cli-'));
  await mkdir(join(directory, 'home'));

  const start: Cli['start'] = async (args, { env = {}, cwd = directory, stdin, through } = {}) => {
    const temporary = await mkdtemp(join(directory, 'tmp-'));
    const given = { PATH: process.env.PATH, HOME: join(directory, 'home'), TMPDIR: temporary, ...env };
    const command = [join(built, 'pgproof.js'), ...args];
    const [file, fileArgs] = through?.(process.execPath, command) ?? [process.execPath, command];
    const input = stdin === undefined ? 'ignore' : 'pipe';
    const child = spawn(file, fileArgs, { cwd, env: given, stdio: [input, 'pipe', 'pipe'] });
    if (stdin !== undefined && stdin !== 'open') child.stdin?.end(stdin);
    return follow(child, temporary);
  };
  return {
    directory,
    start,
    run: async (args, options) => (await start(args, options)).ended,
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

function follow(child: ChildProcess, temporary: string): StartedCli {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      readdir(temporary).then((leftovers) => resolve({ status, signal, ...texts, leftovers }), reject);
    });
  });
  const says = (text: string | RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (typeof text === 'string' ? texts.stderr.includes(text) : text.test(texts.stderr)) resolve();
      };
      child.stderr?.on('data', look);
      look();
      ended.then(() => reject(new Error(`It ended without saying ${text}: ${texts.stderr}`)), reject);
    });
  return { child, ended, says };
}
