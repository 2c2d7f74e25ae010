import { type ChildProcess, execFile } from 'node:child_process';
import { access, constants, writeFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '../../errors.ts';
import { type FoundTools, toolPath } from '../programs/tools.ts';
import { serverEnvironment } from './cluster.ts';
import type { OsUser } from './os-user.ts';
import { mountArguments } from './sandbox-mounts.ts';

/** What SQL that runs in the server as superuser, and the programs that it starts, can reach. */
export type Isolation = {
  readonly kind: 'sandboxed' | 'unsandboxed';
  /** For people: by what, or why not. */
  readonly detail: string;
};

/** What comes before a program and its arguments to run it sandboxed. */
export type Sandbox = { readonly program: string; readonly args: readonly string[] };

/** A sandbox, or why there is none. */
export type SandboxAttempt = { readonly isolation: Isolation; readonly sandbox: Sandbox | undefined };

export type SandboxRequest = {
  /** Paths of bwrap to try, best first. */
  readonly bubblewrap: readonly string[];
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  /** The server's own: the only thing that it may write. */
  readonly directory: string;
  readonly socketDirectory: string;
  readonly signal: AbortSignal | undefined;
};

const probeLimitMilliseconds = 10_000;

/** Nested user namespaces are closed where bwrap can; some containers allow no new /proc. */
const variants: readonly (readonly string[])[] = [
  ['--proc', '/proc', '--unshare-user', '--disable-userns'],
  ['--proc', '/proc'],
  [],
];

/** Beside the server's programs, as in our layer; then where distributions install it. */
export function bubblewrapPlaces(tools: FoundTools, env: NodeJS.ProcessEnv = process.env): string[] {
  const onPath = (env.PATH ?? '').split(delimiter).filter((directory) => isAbsolute(directory));
  const directories = [tools.directory, '/usr/bin', '/usr/local/bin', ...onPath];
  return [...new Set(directories)].map((directory) => join(directory, 'bwrap'));
}

/**
 * A sandbox of bubblewrap's in which the server's own program was seen to start, or the reason why there is none.
 * Inside: no network, no process but the server's, no file but the programs (read only) and the server's directory.
 */
export async function openSandbox(request: SandboxRequest): Promise<SandboxAttempt> {
  const { osUser, directory, signal } = request;
  const program = await firstExecutable(request.bubblewrap);
  if (program === undefined) return await unsandboxed('there is no bwrap (bubblewrap)', osUser);
  const uid = osUser?.uid ?? process.getuid?.() ?? 0;
  const gid = osUser?.gid ?? process.getgid?.() ?? 0;
  // libpq and initdb ask for the name of the user that they run as.
  await writeFile(join(directory, 'passwd'), `postgres:x:${uid}:${gid}::/:/bin/sh\n`, { mode: 0o644 });
  const mounts = await mountArguments(request);
  let reason = '';
  for (const variant of variants) {
    const sandbox = { program, args: [...variant, ...mounts] };
    const failure = await tryOut(sandbox, request);
    signal?.throwIfAborted();
    if (failure === undefined)
      return { isolation: { kind: 'sandboxed', detail: `bubblewrap (${program})` }, sandbox };
    reason = failure;
  }
  return await unsandboxed(`${program} makes no sandbox here (${reason})`, osUser);
}

async function unsandboxed(reason: string, osUser: OsUser | undefined): Promise<SandboxAttempt> {
  const remarks = [
    ...(osUser === undefined ? [] : [`the server runs as the user ${osUser.name}`]),
    ...((await isHiddenFrom(osUser)) ? ["pgproof's own environment and memory are hidden from it"] : []),
  ];
  return { isolation: { kind: 'unsandboxed', detail: [reason, ...remarks].join('; ') }, sandbox: undefined };
}

/**
 * Whether a program of the server's user can read what this process was given, its credentials: it cannot where that
 * is another user, nor where Linux was told to hide it (functions/verify/keep-secrets.sh). Found by trying.
 */
function isHiddenFrom(osUser: OsUser | undefined): Promise<boolean> {
  const read = `: < /proc/${process.pid}/environ`;
  const settings = { env: {}, uid: osUser?.uid, gid: osUser?.gid, timeout: probeLimitMilliseconds };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', read], settings, (error) => {
      // An exit status is the shell's answer; a shell that could not be started shows nothing.
      resolve(typeof error?.code === 'number');
    });
  });
}

function tryOut(sandbox: Sandbox, request: SandboxRequest): Promise<string | undefined> {
  const { tools, osUser, directory, signal } = request;
  const args = [...sandbox.args, '--', toolPath(tools, 'postgres'), '--version'];
  const settings = {
    cwd: directory,
    env: serverEnvironment(directory),
    uid: osUser?.uid,
    gid: osUser?.gid,
    signal,
    timeout: probeLimitMilliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  } as const;
  return new Promise((resolve) => {
    execFile(sandbox.program, args, settings, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else resolve(stderr.trim().split('\n').at(-1)?.slice(0, 200) || messageOf(error).slice(0, 200));
    });
  });
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

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
