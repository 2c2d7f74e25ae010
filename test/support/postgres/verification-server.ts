import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxPrograms } from '../../../core/postgres/server/sandbox-ways.ts';
import {
  type VerificationServer,
  type VerificationServerOptions,
  withVerificationServer,
} from '../../../core/postgres/server/verification-server.ts';
import { listProcesses } from '../process/list.ts';
import { findServerTools, serverTools } from './programs.ts';
import { newestMajor } from './servers.ts';

export type IsolationKind = VerificationServer['isolation']['kind'];

/** A directory that the server's user may enter, short enough for a socket; what is left in it is told. */
export async function withServerParent<T>(use: (parent: string) => Promise<T>): Promise<T> {
  const parent = await mkdtemp(join(await realpath(tmpdir()), 'iso-'));
  // initdb and the server run as others than root.
  await chmod(parent, 0o777);
  try {
    return await use(parent);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** A verification server in a directory of its own, which must be empty afterwards. */
export async function verify(
  kind: IsolationKind,
  options: Partial<VerificationServerOptions>,
  use: (verification: VerificationServer, parent: string) => Promise<void>,
): Promise<void> {
  await withServerParent(async (parent) => {
    const all = { ...defaults(kind, parent), tools: await serverTools(newestMajor()), ...options };
    const ended = await Promise.allSettled([
      withVerificationServer(all, async (verification) => {
        if (verification.isolation.kind !== kind) throw new Error(verification.isolation.detail);
        await use(verification, parent);
      }),
    ]);
    const left = await readdir(parent);
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`, { cause: ended });
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  });
}

/** The same for several tests. */
export async function openVerification(
  kind: IsolationKind,
  options: Partial<VerificationServerOptions> = {},
): Promise<VerificationServer & { readonly parent: string; readonly close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const done = verify(
      kind,
      options,
      (verification, parent) =>
        new Promise<void>((end) => {
          const close = (): Promise<void> => {
            end();
            return done;
          };
          resolve({ ...verification, parent, close });
        }),
    );
    done.catch(reject);
  });
}

/** As on a machine that has neither. */
export const noSandbox: SandboxPrograms = { bubblewrap: [], unshare: [] };

function defaults(kind: IsolationKind, directory: string): Omit<VerificationServerOptions, 'tools'> {
  return {
    superuser: 'postgres',
    directory,
    sandboxPrograms: kind === 'sandboxed' ? undefined : noSandbox,
    uncontained: 'own-data',
    roomBytes: 1e9,
    memoryBytes: 5e8,
    jobs: 2,
  };
}

/** Both kinds; on a machine that allows no sandbox (most containers do not) only the other, and it is told. */
export async function isolationKinds(): Promise<IsolationKind[]> {
  return withServerParent(async (directory) => {
    const [tools] = (await findServerTools()).found;
    if (tools === undefined) throw new Error('no server programs');
    return withVerificationServer({ ...defaults('sandboxed', directory), tools }, async ({ isolation }) => {
      if (isolation.kind === 'sandboxed') return ['sandboxed', 'unsandboxed'];
      process.stderr.write(`Tests run without a contained server: ${isolation.detail}\n`);
      return ['unsandboxed'];
    });
  });
}

/** Processes whose command line holds the text. */
export async function processesNamed(text: string): Promise<number[]> {
  const all = await listProcesses();
  return all.filter(({ commandLine }) => commandLine.includes(text)).map(({ pid }) => pid);
}

export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not happen in 20 s');
    await sleep(20);
  }
}
