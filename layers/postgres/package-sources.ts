import { existsSync } from 'node:fs';
import type { MachineSource } from './machine-sources.ts';

/** One stanza of a deb822 source. */
export type SourceStanza = Pick<MachineSource, 'uri' | 'release' | 'component' | 'signedBy'>;

/** Package sources that fit each other: one release of a distribution, with what belongs to it. */
export type PackageSuite = { readonly name: string; readonly stanzas: readonly SourceStanza[] };

/** Which release of Debian carries which major; each has one only. */
const debianReleases: Readonly<Record<number, string>> = { 15: 'bookworm', 17: 'trixie', 18: 'forky' };

export const debianMajors: readonly number[] = Object.keys(debianReleases).map(Number);

const keyrings = {
  Debian: [
    '/usr/share/keyrings/debian-archive-keyring.gpg',
    '/usr/share/keyrings/debian-archive-keyring.pgp',
  ],
  Ubuntu: ['/usr/share/keyrings/ubuntu-archive-keyring.gpg'],
  PGDG: [],
} as const;

/**
 * The suites that may carry a major, best first: what the PostgreSQL project itself offers where the machine
 * uses its source, then the Debian release of that major from the mirror that the machine already uses, then
 * whatever the machine's own release has.
 */
export function suitesFor(major: number, machine: readonly MachineSource[]): PackageSuite[] {
  const own = ownSuite(machine);
  const release = debianReleases[major];
  const derived = release === undefined ? undefined : debianSuite(release, machine);
  const usesProject = machine.some(({ distributor }) => distributor === 'PGDG');
  const order = usesProject ? [own, derived] : [derived, own];
  return order.filter((suite) => suite !== undefined);
}

/** All of the machine's own sources together; `undefined` when it has none that are known. */
export function ownSuite(machine: readonly MachineSource[]): PackageSuite | undefined {
  if (machine.length === 0) return undefined;
  return { name: 'own', stanzas: machine.map((source) => ({ ...source, signedBy: signedByOf(source) })) };
}

function debianSuite(release: string, machine: readonly MachineSource[]): PackageSuite | undefined {
  const debian = machine.filter(
    ({ distributor, component }) => distributor === 'Debian' && component === 'main',
  );
  const main = debian.find((source) => !source.release.includes('-'));
  if (main === undefined) return undefined;
  const security = debian.find((source) => source.release.endsWith('-security'));
  const stanzas = [{ ...main, release }];
  if (security !== undefined) stanzas.push({ ...security, release: `${release}-security` });
  return { name: release, stanzas: stanzas.map((source) => ({ ...source, signedBy: signedByOf(source) })) };
}

/** Without a keyring of its own a source is checked with the distribution's, never with any key that is around. */
function signedByOf({ signedBy, distributor }: MachineSource): string | undefined {
  return signedBy ?? keyrings[distributor].find((path) => existsSync(path));
}

/** The suite as the text of a deb822 file. */
export function renderSuite({ stanzas }: PackageSuite): string {
  return stanzas
    .map(({ uri, release, component, signedBy }) => {
      const signed = signedBy === undefined ? '' : `Signed-By: ${signedBy}\n`;
      return `Types: deb\nURIs: ${uri}\nSuites: ${release}\nComponents: ${component}\n${signed}`;
    })
    .join('\n');
}
