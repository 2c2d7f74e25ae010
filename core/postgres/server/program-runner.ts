import { dirname } from 'node:path';
import { type ProgramExit, type ProgramRequest, runContained } from './contained-program.ts';
import { shareSocket } from './endpoint.ts';
import type { Isolation } from './isolation.ts';
import type { ServerLimits } from './limits.ts';
import { openSandbox, type SandboxRequest } from './sandbox.ts';
import type { SandboxPrograms } from './sandbox-ways.ts';
import type { ServerDirectories } from './server-directories.ts';

/** What a program is told of the server: PGHOST and PGPORT are its socket's, the others the caller's matter. */
export type RunProgram = (request: ProgramRequest) => Promise<ProgramExit>;

export type RunnerPlaces = Omit<SandboxRequest, 'programs' | 'directory' | 'signal'> & {
  readonly directories: ServerDirectories;
  readonly port: number;
  readonly isolation: Isolation;
  readonly launch: readonly string[];
  /** Undefined where the server's SQL is the caller's own. */
  readonly hostile: { readonly programs: SandboxPrograms; readonly limits: ServerLimits } | undefined;
};

/**
 * Runs programs as the server runs: the same user, the same limits, a sandbox of the same kind. Each has a directory of its
 * own, with the server's socket in it, and sees neither the server's files nor its processes.
 */
export function programRunner(places: RunnerPlaces): RunProgram {
  const { directories, tools, osUser, socketDirectory, port, isolation, launch, hostile } = places;
  return async (request) => {
    const directory = await directories.make(dirname(socketDirectory), osUser);
    await shareSocket(socketDirectory, directory, port);
    const held =
      hostile === undefined || isolation.kind !== 'sandboxed'
        ? undefined
        : await openSandbox({
            programs: hostile.programs,
            ...{ tools, osUser, directory, socketDirectory: directory, signal: request.signal },
          });
    // What held the server a moment ago must hold this too: never without.
    if (held?.reason !== undefined) return { code: undefined, reason: held.reason, output: '' };
    return await runContained(
      { tools, osUser, directory, sandbox: held?.sandbox, launch, limits: hostile?.limits },
      { ...request, env: { ...request.env, PGHOST: directory, PGPORT: String(port) } },
    );
  };
}
