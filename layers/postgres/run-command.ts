import { execFile } from 'node:child_process';
import { messageOf } from '../../core/errors.ts';
import { LayerBuildError, NotDebianError } from './errors.ts';

/** A distribution's mirror may be slow; past this it hangs. */
const timeLimitMilliseconds = 10 * 60_000;
const outputLimitBytes = 16 * 1024 * 1024;

export type CommandOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly directory?: string | undefined;
};

/**
 * Runs a program of the distribution and returns its standard output.
 *
 * @throws NotDebianError when the program does not exist
 * @throws LayerBuildError with the program's own words when it fails
 */
export function runCommand(
  program: string,
  parameters: readonly string[],
  { signal, directory }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...parameters],
      {
        signal,
        cwd: directory,
        timeout: timeLimitMilliseconds,
        maxBuffer: outputLimitBytes,
        // Messages are parsed and shown: always in English.
        env: { ...process.env, LC_ALL: 'C.UTF-8', LANGUAGE: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (signal?.aborted) reject(signal.reason);
        else if (error.code === 'ENOENT') reject(new NotDebianError(program, { cause: error }));
        else reject(failure(program, parameters, stderr, error));
      },
    );
  });
}

function failure(
  program: string,
  parameters: readonly string[],
  stderr: string,
  cause: Error,
): LayerBuildError {
  const words = complaints(stderr);
  const got = words === '' ? messageOf(cause) : words;
  return new LayerBuildError(
    { what: `${describeCall(program, parameters)} failed`, got, fix: fixFor(got) },
    { cause },
  );
}

function describeCall(program: string, parameters: readonly string[]): string {
  const subcommand = parameters.find((word) => /^[a-z][a-z-]+$/.test(word));
  return subcommand === undefined ? program : `${program} ${subcommand}`;
}

/** apt prints warnings, progress and errors; the errors start with `E:`, and the last ones say the most. */
function complaints(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('E:')).map((line) => line.slice(2).trim());
  const chosen = errors.length > 0 ? errors : lines.filter((line) => line !== '' && !line.startsWith('W:'));
  return [...new Set(chosen)].slice(-3).join('; ').slice(0, 600);
}

function fixFor(words: string): string {
  if (/No space left|ENOSPC|free space/i.test(words)) {
    return 'Make room on the disk (about 700 MB), then run it again.';
  }
  if (/resolv|connect|timed? ?out|unreachable|Failed to fetch|Could not/i.test(words)) {
    return 'Check that this machine reaches its package mirror (apt-get update), then run it again.';
  }
  return 'Check that apt-get update works on this machine, then run it again.';
}
