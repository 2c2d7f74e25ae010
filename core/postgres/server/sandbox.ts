import { type ChildProcess, type ExecFileException, execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type FoundTools, toolPath } from '../programs/tools.ts';
import { serverEnvironment } from './cluster.ts';
import type { OsUser } from './os-user.ts';
import { sandboxMounts } from './sandbox-mounts.ts';
import type { SandboxWay } from './sandbox-way.ts';
import { type SandboxPrograms, sandboxWays } from './sandbox-ways.ts';

/** A way that works here, or why there is none. */
export type SandboxAttempt =
  | { readonly sandbox: SandboxWay; readonly reason?: undefined }
  | { readonly sandbox?: undefined; readonly reason: string };

export type SandboxRequest = {
  readonly programs: SandboxPrograms;
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  /** The server's own: the only thing that it may write. */
  readonly directory: string;
  readonly socketDirectory: string;
  readonly signal: AbortSignal | undefined;
};

const probeLimitMilliseconds = 10_000;

/**
 * A sandbox in which the server's own program was seen to start, or the reason why there is none. Inside: no network,
 * no process but the server's, no file but the programs (read only) and the server's directory.
 */
export async function openSandbox(request: SandboxRequest): Promise<SandboxAttempt> {
  const { programs, osUser, directory, signal } = request;
  const uid = osUser?.uid ?? process.getuid?.() ?? 0;
  const gid = osUser?.gid ?? process.getgid?.() ?? 0;
  // libpq asks for the name of the user that it runs as.
  await writeFile(join(directory, 'passwd'), `postgres:x:${uid}:${gid}::/:/bin/sh\n`, { mode: 0o644 });
  const ways = await sandboxWays(programs, {
    mounts: await sandboxMounts(request),
    user: { uid, gid },
    directory,
    isRoot: osUser !== undefined,
  });
  const reasons = new Map<string, string>();
  for (const sandbox of ways) {
    const failure = await tryOut(sandbox, request);
    signal?.throwIfAborted();
    if (failure === undefined) return { sandbox };
    reasons.set(sandbox.tool, failure);
  }
  const missing = ways.some(({ tool }) => tool === 'bubblewrap') ? [] : ['there is no bwrap (bubblewrap)'];
  const refused = [...reasons].map(([tool, failure]) => `${tool} makes no sandbox here (${failure})`);
  return { reason: [...missing, ...refused].join('; ') };
}

function tryOut(sandbox: SandboxWay, request: SandboxRequest): Promise<string | undefined> {
  const { tools, osUser, directory, signal } = request;
  const words = [sandbox.program, ...sandbox.args, toolPath(tools, 'postgres'), '--version'];
  const user = sandbox.startsAsRoot ? {} : { uid: osUser?.uid, gid: osUser?.gid };
  const settings = {
    cwd: directory,
    env: serverEnvironment(directory),
    ...user,
    signal,
    timeout: probeLimitMilliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  } as const;
  return new Promise((resolve) => {
    // What is told on descriptor 3 is not asked for here.
    const args = ['-c', 'exec "$@" 3> /dev/null', 'pgproof-probe', ...words];
    execFile('/bin/sh', args, settings, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else resolve(stderr.trim().split('\n').at(-1)?.slice(0, 200) || howItEnded(error));
    });
  });
}
/** Its message would repeat all of the arguments. */
function howItEnded({ code, signal }: ExecFileException): string {
  return typeof code === 'number' ? `exit status ${code}` : String(signal ?? code);
}

/**
 * The id, outside, of the first process in a sandbox, as bwrap (`--info-fd`) and our script for unshare
 * tell on file descriptor 3 before they start the program; `undefined` when it ended without.
 */
export function sandboxedPid(outer: ChildProcess): Promise<number | undefined> {
  const pipe = outer.stdio[3] as Readable;
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
