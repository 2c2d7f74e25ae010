import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Apt, openApt } from './apt.ts';
import { type Architecture, buildRoot, machineArchitecture } from './build-root.ts';
import { UnknownMajorError } from './errors.ts';
import { type MachineSource, readMachineSources } from './machine-sources.ts';
import { debianMajors, ownSuite, suitesFor } from './package-sources.ts';
import { inScratch } from './scratch.ts';

export type SuiteSearch = {
  readonly machine: readonly MachineSource[];
  readonly arch: Architecture;
  /** An empty directory for apt's state. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * The best suite that has the major, with its package lists fetched.
 *
 * @throws UnknownMajorError, LayerBuildError
 */
export async function findSuite(
  major: number,
  { machine, arch, scratch, signal }: SuiteSearch,
): Promise<{ readonly apt: Apt; readonly suite: string }> {
  const available = new Set(derivedMajors(machine));
  for (const suite of suitesFor(major, machine)) {
    const directory = join(scratch, suite.name);
    await mkdir(directory);
    const apt = await openApt({ suite, arch, directory, signal });
    const offered = await offeredMajors(apt);
    if (offered.includes(major)) return { apt, suite: suite.name };
    for (const one of offered) available.add(one);
  }
  throw new UnknownMajorError(
    major,
    [...available].sort((a, b) => a - b),
  );
}

/**
 * The majors that the machine's package sources offer. Asks the network only where these are not Debian's.
 *
 * @throws NotDebianError where there is no apt-get
 */
export async function availableMajors(signal?: AbortSignal): Promise<readonly number[]> {
  const machine = await readMachineSources(signal);
  const known = derivedMajors(machine);
  if (known.length > 0 && !machine.some(({ distributor }) => distributor === 'PGDG')) return known;
  const arch = machineArchitecture();
  const own = ownSuite(machine);
  if (arch === undefined || own === undefined) return known;
  return inScratch(buildRoot(), async (scratch) => {
    const apt = await openApt({ suite: own, arch, directory: scratch, signal });
    return [...new Set([...known, ...(await offeredMajors(apt))])].sort((a, b) => a - b);
  });
}

function derivedMajors(machine: readonly MachineSource[]): number[] {
  return debianMajors.filter((major) => suitesFor(major, machine).some(({ name }) => name !== 'own'));
}

async function offeredMajors(apt: Apt): Promise<number[]> {
  const names = await apt.names('postgresql-client-');
  return names.flatMap((name) => Number(/-(\d+)$/.exec(name)?.[1] ?? []) || []);
}
