import { readFile } from 'node:fs/promises';
import { runCommand } from './run-command.ts';

/** One package index of one of the machine's own sources. */
export type MachineSource = {
  readonly uri: string;
  /** As in the source's entry: `bookworm`, `noble-updates`, `bookworm-pgdg`. */
  readonly release: string;
  readonly component: string;
  readonly distributor: 'Debian' | 'Ubuntu' | 'PGDG';
  /** The source's Signed-By, verbatim: the path of a keyring, fingerprints, or a whole key. */
  readonly signedBy: string | undefined;
};

const fields = ['REPO_URI', 'RELEASE', 'ORIGIN', 'COMPONENT', 'SOURCESENTRY'] as const;

/**
 * The machine's package sources, as apt itself understands them. Those of other distributors are left out.
 *
 * @throws NotDebianError where there is no apt-get
 */
export async function readMachineSources(signal?: AbortSignal): Promise<MachineSource[]> {
  const format = fields.map((field) => `$(${field})`).join('\t');
  const byKey = new Map<string, string>();
  // The first form leaves out what was never fetched (a fresh container), the second all that the lists tell.
  for (const form of ['--release-info', '--no-release-info']) {
    const parameters = ['indextargets', form, '--format', format, 'Created-By: Packages'];
    for (const line of (await runCommand('apt-get', parameters, { signal })).split('\n')) {
      const [uri, release, , component] = line.split('\t');
      const key = [uri, release, component].join('\t');
      if (line !== '' && !byKey.has(key)) byKey.set(key, line);
    }
  }
  const sources = await Promise.all([...byKey.values()].map(readEntry));
  return sources.filter((source) => source !== undefined);
}

async function readEntry(line: string): Promise<MachineSource | undefined> {
  const [uri = '', release = '', origin = '', component = '', entry = ''] = line.split('\t');
  const distributor = distributorOf(origin, release, uri);
  if (distributor === undefined) return undefined;
  return { uri, release, component, distributor, signedBy: await readSignedBy(entry) };
}

/** Where the lists were never fetched apt knows no origin and leaves the variable as it is. */
function distributorOf(
  origin: string,
  release: string,
  uri: string,
): MachineSource['distributor'] | undefined {
  if (origin === 'Debian' || origin === 'Ubuntu') return origin;
  if (origin === 'apt.postgresql.org' || release.endsWith('-pgdg')) return 'PGDG';
  const isUnknown = origin === '' || origin.startsWith('$(');
  if (!isUnknown) return undefined;
  if (/\/debian(-security)?\/?$/.test(uri)) return 'Debian';
  return /\/ubuntu(-ports)?\/?$/.test(uri) ? 'Ubuntu' : undefined;
}

/** An entry is `path:number`, which counts lines of a one-line file and stanzas of a deb822 file. */
async function readSignedBy(entry: string): Promise<string | undefined> {
  const separator = entry.lastIndexOf(':');
  const path = entry.slice(0, separator);
  const number = Number(entry.slice(separator + 1));
  const text = await readFile(path, 'utf8').catch(() => '');
  return path.endsWith('.sources') ? signedByOfStanza(text, number) : signedByOfLine(text, number);
}

/** Line `number` (from 1) of a one-line-style list: `deb [signed-by=/path] uri suite component`. */
export function signedByOfLine(text: string, number: number): string | undefined {
  return /^\s*deb\s+\[[^\]]*signed-by=([^\s\]]+)/.exec(text.split('\n')[number - 1] ?? '')?.[1];
}

/** Stanza `number` (from 1) of a deb822 file; a field goes on in the lines that start with a space. */
export function signedByOfStanza(text: string, number: number): string | undefined {
  const withoutComments = text.replace(/^#.*\n/gm, '');
  const stanza = withoutComments.split(/\n\s*\n/).filter((one) => one.trim() !== '')[number - 1] ?? '';
  return /^Signed-By:[ \t]*(.*(?:\n[ \t]+.*)*)/im.exec(stanza)?.[1]?.trimEnd() || undefined;
}
