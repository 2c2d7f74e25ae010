import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, constants, copyFile, open, readFile, realpath } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { inheritedDescriptors } from '../../process/inherited-descriptors.ts';
import { lineTail } from '../../process/line-tail.ts';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import type { FoundTools } from '../programs/tools.ts';
import { limitWords, type ServerLimits } from './limits.ts';
import type { OsUser } from './os-user.ts';
import { standardAndNull } from './process.ts';
import { sandboxedPid } from './sandbox.ts';
import type { SandboxWay } from './sandbox-way.ts';

/** A program of the user's that works on what a server for hostile SQL holds. */
export type ProgramRequest = {
  /** The program, by its absolute path or its name in the system's directories, and its arguments. */
  readonly command: readonly string[];
  /** Beside PATH, HOME, LANG and TZ. */
  readonly env: Readonly<Record<string, string>>;
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
};

/** How it ended. `code` undefined: it did not end by itself, or could not be started, and `reason` says why. */
export type ProgramExit = {
  readonly code: number | undefined;
  readonly reason: string | undefined;
  /** The end of what it wrote, within 2 KB. */
  readonly output: string;
};

/** Where and as whom it runs: as the server, in a sandbox of its own that shows it the server's socket. */
export type ProgramPlace = {
  readonly tools: FoundTools;
  readonly osUser: OsUser | undefined;
  /** Its own: made for it, empty, and gone afterwards. */
  readonly directory: string;
  readonly sandbox: SandboxWay | undefined;
  readonly launch: readonly string[];
  readonly limits: ServerLimits | undefined;
};

const outputBytes = 2_048;

/**
 * A shell of the sandbox's starts the program and writes down how it ended: a sandbox that could not be made, or an
 * interpreter that is not in it, ends with status 1 too, which is an answer of the program's.
 */
const script = `"$@"
echo "$?" > "$PGPROOF_STATUS"`;

/** Never rejects but with the signal's reason. Nothing that it started is left, as far as the sandbox holds. */
export async function runContained(place: ProgramPlace, request: ProgramRequest): Promise<ProgramExit> {
  const { directory, osUser, sandbox } = place;
  const { signal, limitSeconds } = request;
  signal.throwIfAborted();
  const found = await findProgram(request.command[0] ?? '', place);
  if (found === undefined)
    return { code: undefined, reason: 'the program is missing, or may not be executed', output: '' };
  const status = join(directory, 'status');
  const inherited = await inheritedDescriptors();
  const nothing = await open('/dev/null', 'r+');
  const [program, ...args] = [
    ...(place.limits === undefined ? [] : limitWords(place.limits)),
    ...place.launch,
    ...(sandbox === undefined ? [] : [sandbox.program, ...sandbox.args]),
    ...['/bin/sh', '-c', script, 'pgproof-check', found, ...request.command.slice(1)],
  ] as [string, ...string[]];
  const child = spawn(program, args, {
    cwd: directory,
    env: {
      PATH: searchPath(place),
      HOME: directory,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      ...request.env,
      PGPROOF_STATUS: status,
    },
    ...(sandbox?.startsAsRoot === true ? {} : { uid: osUser?.uid, gid: osUser?.gid }),
    detached: true,
    stdio: standardAndNull(['ignore', 'pipe', 'pipe', 'pipe'], inherited, nothing.fd),
  });
  child.once('spawn', () => void nothing.close());
  child.once('error', () => void nothing.close());
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitSeconds * 1_000)]);
  const output = await outputUntilEnd(child, sandbox, limit);
  signal.throwIfAborted();
  if (limit.aborted) return { code: undefined, reason: `not done after ${limitSeconds} s`, output };
  const code = /^(\d{1,3})\n$/.exec(await readFile(status, 'utf8').catch(() => ''))?.[1];
  if (code === undefined) return { code: undefined, reason: 'it was ended, or could not be started', output };
  // As POSIX has it of a shell: 126 and 127 could not be started, above 128 a signal.
  const number = Number(code);
  if (number === 126 || number === 127)
    return { code: undefined, reason: `it could not be started, or said so (exit status ${code})`, output };
  if (number > 128) return { code: undefined, reason: `ended by signal ${number - 128}`, output };
  return { code: number, reason: undefined, output };
}

async function outputUntilEnd(
  child: ChildProcess,
  sandbox: SandboxWay | undefined,
  limit: AbortSignal,
): Promise<string> {
  const tail = lineTail({ limitBytes: outputBytes, redact: (text) => text });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', tail.push);
    stream?.on('error', () => undefined);
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const spawned = await Promise.race([once(child, 'spawn').then(() => true), exited.then(() => false)]).catch(
    () => false,
  );
  if (!spawned) return '';
  const inner = sandbox === undefined ? Promise.resolve(undefined) : sandboxedPid(child);
  const endWatch = watchForOrphans({ processes: [{ pid: child.pid ?? 0, signal: 'KILL', group: true }] });
  const kill = (): void => {
    endGroup(child.pid);
    // The first process of a sandbox takes all others in it along.
    void inner.then((pid) => pid !== undefined && endOne(pid));
  };
  limit.addEventListener('abort', kill, { once: true });
  if (limit.aborted) kill();
  await exited;
  limit.removeEventListener('abort', kill);
  // What it left behind in its group; in a sandbox nothing outlives the first process.
  endGroup(child.pid);
  endWatch();
  for (const stream of child.stdio) stream?.destroy();
  return tail.end();
}

function endGroup(pid: number | undefined): void {
  if (pid !== undefined) endOne(-pid);
}

function endOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** psql and its like of the server's own version first. */
function searchPath({ tools }: ProgramPlace): string {
  return [tools.directory, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
}

/** Directories of the system's that every sandbox shows. */
const shown = ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/libexec', '/bin', '/sbin'];

/**
 * The program as the sandbox, or another user, can reach it: what does not lie in the system's own directories is copied into
 * the place that is theirs. Only the file itself.
 */
async function findProgram(program: string, place: ProgramPlace): Promise<string | undefined> {
  const candidates = isAbsolute(program)
    ? [program]
    : searchPath(place)
        .split(delimiter)
        .map((directory) => join(directory, program));
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const isShown = [place.tools.directory, ...shown].includes(dirname(candidate));
    if (isShown || (place.sandbox === undefined && place.osUser === undefined)) return candidate;
    const copy = join(place.directory, 'program');
    try {
      await copyFile(await realpath(candidate), copy);
      await chmod(copy, 0o755);
    } catch {
      // A directory, or what may be executed and not read.
      return undefined;
    }
    return copy;
  }
  return undefined;
}
