import { execFile } from 'node:child_process';
import { chmod, chown, cp, lchown, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { inject } from 'vitest';
import { chooseOsUser, isReachable, type OsUser } from '../../../core/postgres/server/os-user.ts';
import { type Mount, sandboxArguments } from './arguments.ts';

export type SandboxOptions = {
  /** What lies at /opt. */
  readonly layer: string;
  readonly mounts?: readonly Mount[] | undefined;
  /** Whether the machine's own loopback interface can be reached. Default: no network at all. */
  readonly network?: boolean | undefined;
};

export type SpawnPlan = {
  readonly file: string;
  readonly args: string[];
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
};

export type Ended = {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Sandbox = {
  /** Whether it is one; else programs are only started with an empty environment, and the paths are the machine's. */
  readonly isStrict: boolean;
  /** Its directory for temporary files, empty at each start of a program in a strict sandbox. */
  readonly temporary: string;
  /** Where a path below the layer or a mount lies inside. */
  inside(path: string): string;
  /** How a program is started in it; `bubblewrapWords` go before the others. */
  plan(words: readonly string[], bubblewrapWords?: readonly string[]): SpawnPlan;
  /** Runs a program with no environment but this one. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs a shell script, of sh's own words and the programs in `programs`; TMPDIR is its only other variable. */
  script(programs: string, text: string, ...parameters: string[]): Promise<Ended>;
};

const limitMilliseconds = 100_000;

/** A place like Lambda's for the callback, or what the machine allows of it. */
export async function withSandbox<T>(
  { layer, mounts = [], network = false }: SandboxOptions,
  use: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const all = [{ from: layer, to: '/opt' }, ...mounts];
  const { bubblewrap } = inject('sandbox');
  if (bubblewrap !== undefined) {
    const { file, args } = bubblewrap;
    const ours = await sandboxArguments(all, network);
    return use(
      sandboxOf(true, '/tmp', all, (words, more = []) => ({
        file,
        args: [...args, ...ours, ...more, '--', ...words],
        cwd: undefined,
        uid: undefined,
        gid: undefined,
      })),
    );
  }
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-sandbox-')));
  try {
    const owner = await chooseOsUser();
    const temporary = join(directory, 'tmp');
    await mkdir(temporary, { mode: 0o700 });
    if (owner !== undefined) {
      await chmod(directory, 0o755);
      await chown(temporary, owner.uid, owner.gid);
    }
    const reachable = await reachableMounts(all, owner, directory);
    const { uid, gid } = owner ?? { uid: undefined, gid: undefined };
    return await use(
      sandboxOf(false, temporary, reachable, ([file = '', ...args]) => ({
        file,
        args,
        cwd: temporary,
        uid,
        gid,
      })),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function sandboxOf(
  isStrict: boolean,
  temporary: string,
  mounts: readonly Mount[],
  plan: Sandbox['plan'],
): Sandbox {
  const run: Sandbox['run'] = (words, environment = {}) => {
    const { file, args, ...where } = plan(words);
    return new Promise((resolve) => {
      const settings = {
        ...where,
        env: environment,
        timeout: limitMilliseconds,
        maxBuffer: 16 * 1024 * 1024,
      };
      execFile(file, args, settings, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? -1), stdout, stderr });
      });
    });
  };
  return {
    isStrict,
    temporary,
    plan,
    run,
    inside: (path) => insidePath(path, mounts),
    script: (programs, text, ...parameters) =>
      run(['/bin/sh', '-euc', text, 'sh', ...parameters], {
        PATH: insidePath(programs, mounts),
        TMPDIR: temporary,
      }),
  };
}

function insidePath(path: string, mounts: readonly Mount[]): string {
  for (const { from, to } of mounts) {
    const below = relative(from, path);
    if (!below.startsWith('..')) return join(to, below);
  }
  throw new Error(`${path} is not shown in the sandbox`);
}

/** PostgreSQL's server refuses to run as root; another user cannot enter every directory of root's. */
async function reachableMounts(
  mounts: readonly Mount[],
  owner: OsUser | undefined,
  directory: string,
): Promise<Mount[]> {
  const paths = mounts.map(async ({ from, to }): Promise<Mount[]> => {
    if (await isReachable(from, owner)) return [{ from, to: from }];
    const copy = join(directory, basename(to));
    await cp(from, copy, { recursive: true, verbatimSymlinks: true });
    await giveTo(owner, copy);
    return [{ from, to: copy }];
  });
  return (await Promise.all(paths)).flat();
}

async function giveTo(owner: OsUser | undefined, directory: string): Promise<void> {
  if (owner === undefined) return;
  const below = await readdir(directory, { recursive: true }).catch(() => []);
  for (const name of ['', ...below]) await lchown(join(directory, name), owner.uid, owner.gid);
}
