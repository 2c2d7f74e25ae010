import { execFile } from 'node:child_process';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Candidate } from './places.ts';
import type { FoundTools, RejectedTools } from './tools.ts';

/** `--version` is answered in milliseconds; this is for a disk that sleeps or a first start through Rosetta. */
const versionTimeoutMilliseconds = 10_000;

export type ProbeResult =
  | { readonly status: 'found'; readonly tools: FoundTools; readonly realPath: string }
  | { readonly status: 'rejected'; readonly rejected: RejectedTools }
  | { readonly status: 'absent' };

/**
 * Asks the first of the programs for its version and checks that the others are there.
 *
 * Debian's /usr/bin/pg_dump counts as absent: it is a Perl script that chooses a version by rules of its own, and
 * those versions are found in their own directories.
 */
export async function probeTools(
  candidate: Candidate,
  programs: readonly string[],
  signal?: AbortSignal,
): Promise<ProbeResult> {
  const { directory, place } = candidate;
  const [first = '', ...others] = programs;
  const realPath = await executablePath(join(directory, first));
  if (realPath === undefined || basename(realPath) === 'pg_wrapper') return { status: 'absent' };
  const reject = (reason: string): ProbeResult => ({
    status: 'rejected',
    rejected: { directory, place, reason },
  });

  for (const program of others) {
    if ((await executablePath(join(directory, program))) === undefined) return reject(`no ${program}`);
  }
  try {
    const answer = await versionOf(join(directory, first), signal);
    const version = parseVersion(answer);
    if (version === undefined)
      return reject(`${first} --version says ${JSON.stringify(answer.slice(0, 80))}`);
    return { status: 'found', tools: { ...version, directory, place }, realPath };
  } catch (error: unknown) {
    signal?.throwIfAborted();
    return reject(`${first} --version: ${messageOf(error)}`);
  }
}

/** `pg_dump (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)`, also `18beta2`, `19devel`, `9.6.24`. */
export function parseVersion(answer: string): { version: string; major: number } | undefined {
  const [, version, major] = /\(PostgreSQL\) ((\d+)[\w.]*)/.exec(answer) ?? [];
  return version === undefined ? undefined : { version, major: Number(major) };
}

async function executablePath(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return await realpath(path);
  } catch {
    return undefined;
  }
}

const answers = new Map<string, string>();

/**
 * What the program says, asked once as long as its file stays the same: a run searches several times, and to start all
 * that are on the machine takes a quarter of the time that a small backup is verified in.
 */
async function versionOf(program: string, signal: AbortSignal | undefined): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(program, { bigint: true });
  const file = [program, dev, ino, size, mtimeNs, ctimeNs].join(' ');
  const answer = answers.get(file) ?? (await askVersion(program, signal));
  answers.set(file, answer);
  return answer;
}

function askVersion(program: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      signal,
      timeout: versionTimeoutMilliseconds,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
    } as const;
    execFile(program, ['--version'], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(lastLine(stderr) ?? describeEnd(error), { cause: error }));
    });
  });
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1)?.slice(0, 200) || undefined;
}

function describeEnd(error: Error & { killed?: boolean; code?: unknown; signal?: unknown }): string {
  if (error.killed === true) return `no answer in ${versionTimeoutMilliseconds / 1000} s`;
  if (typeof error.signal === 'string') return `killed by ${error.signal}`;
  return typeof error.code === 'number' ? `exit status ${error.code}` : error.message;
}
