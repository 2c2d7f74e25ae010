import { execFile } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { messageOf, PgproofError } from '../../../core/errors.ts';
import { buildLayer } from '../../../layers/postgres/build-layer.ts';
import {
  type Architecture,
  architectures,
  type LayerKind,
  machineArchitecture,
} from '../../../layers/postgres/build-root.ts';
import { NotDebianError } from '../../../layers/postgres/errors.ts';
import { sandboxArguments } from './arguments.ts';
import { unavailable } from './packages.ts';
import { type HostProgram, obtainBubblewrap, obtainEmulator } from './programs.ts';

/** One major in a layer. */
export type LayerMajor = {
  readonly major: number;
  /** Of PostgreSQL's package. */
  readonly version: string;
  /** What lies at /opt in Lambda. */
  readonly directory: string;
  /** Where the programs lie in it. */
  readonly programs: string;
};

/** What this machine offers; found once, before any test runs. */
export type SandboxMachine = {
  /** `undefined`: the machine allows no sandbox. */
  readonly bubblewrap: HostProgram | undefined;
  readonly client: readonly LayerMajor[];
  readonly server: readonly LayerMajor[];
  /** The architecture that this machine is not of. */
  readonly other: {
    readonly arch: Architecture;
    /** QEMU; `undefined` when there is none, and `client` and `server` are empty then. */
    readonly emulator: string | undefined;
    readonly client: readonly LayerMajor[];
    readonly server: readonly LayerMajor[];
  };
};

declare module 'vitest' {
  export interface ProvidedContext {
    readonly sandbox: SandboxMachine;
  }
}

const defaultMajors = [15, 17, 18];

/** PGPROOF_TEST_MAJORS chooses the majors, as for the other tests; the server of the other architecture is the newest. */
export default async function setUp(project: TestProject): Promise<void> {
  const chosen = process.env.PGPROOF_TEST_MAJORS?.split(',').map(Number);
  const arch = machineArchitecture();
  const otherArch = architectures.find((one) => one !== arch) ?? 'arm64';
  // Side by side: a build waits for the mirror and unpacks with one processor.
  const clients = buildMajors(chosen, { kind: 'client', arch });
  const [client, server, other, bubblewrap] = await Promise.all([
    clients,
    buildMajors(chosen, { kind: 'server', arch }),
    clients.then((built) =>
      prepareOther(
        otherArch,
        built.map(({ major }) => major),
      ),
    ),
    findSandbox(),
  ]);
  project.provide('sandbox', { client, server, bubblewrap, other });
}

async function buildMajors(
  chosen: readonly number[] | undefined,
  { kind, arch }: { kind: LayerKind; arch: Architecture | undefined },
): Promise<LayerMajor[]> {
  const built: LayerMajor[] = [];
  const failures: unknown[] = [];
  for (const major of chosen ?? defaultMajors) {
    try {
      const { directory, majors } = await buildLayer({ majors: [major], kind, arch, onProgress: say });
      built.push(...majors.map(({ version, programs }) => ({ major, version, directory, programs })));
    } catch (error: unknown) {
      if (chosen !== undefined) throw error;
      say(`The ${kind} layer of PostgreSQL ${major} (${arch}) is not tried: ${messageOf(error)}`);
      if (!(error instanceof NotDebianError)) failures.push(error);
    }
  }
  // A machine that cannot build is one thing; a builder that builds nothing another.
  if (built.length === 0 && failures.length > 0) throw failures[0];
  return built;
}

async function prepareOther(arch: Architecture, majors: readonly number[]): Promise<SandboxMachine['other']> {
  const nothing = { arch, emulator: undefined, client: [], server: [] };
  if (majors.length === 0) return nothing;
  try {
    const emulator = await obtainEmulator(arch, say);
    const [client, server] = await Promise.all([
      buildMajors(majors, { kind: 'client', arch }),
      buildMajors(majors.slice(-1), { kind: 'server', arch }),
    ]);
    return { arch, emulator, client, server };
  } catch (error: unknown) {
    if (!(error instanceof PgproofError)) throw error;
    say(`The layers for ${arch} are not tried: ${error.message}`);
    return nothing;
  }
}

/** PGPROOF_TEST_SANDBOX=none does without, as on a machine that allows none. */
async function findSandbox(): Promise<HostProgram | undefined> {
  try {
    if (process.env.PGPROOF_TEST_SANDBOX === 'none')
      throw unavailable('PGPROOF_TEST_SANDBOX is none', 'Unset it.');
    const bubblewrap = await obtainBubblewrap(say);
    await tryOut(bubblewrap);
    return bubblewrap;
  } catch (error: unknown) {
    if (!(error instanceof PgproofError)) throw error;
    say(`The layers are tried without a sandbox, which is less strict: ${error.message}`);
    return undefined;
  }
}

async function tryOut({ file, args }: HostProgram): Promise<void> {
  const ours = await sandboxArguments([], false);
  await new Promise<void>((resolve, reject) => {
    execFile(file, [...args, ...ours, '--', '/bin/sh', '-c', ':'], { env: {} }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else {
        const what = `bubblewrap cannot make one (${stderr.trim() || messageOf(error)})`;
        reject(unavailable(what, 'Allow it to make user namespaces.'));
      }
    });
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
