import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Architecture } from './build-root.ts';
import { LayerBuildError } from './errors.ts';
import { type PackageSuite, renderSuite } from './package-sources.ts';
import { runCommand } from './run-command.ts';

const debianArchitecture = { x86_64: 'amd64', arm64: 'arm64' } as const;

/** A package as the distribution offers it. */
export type Package = {
  readonly name: string;
  readonly version: string;
  /** Debian's name, such as `amd64`; `all` for what is the same everywhere. */
  readonly architecture: string;
  /** Of the `.deb` file, from the index that the distribution has signed. */
  readonly sha256: string | undefined;
};

export type PackageFile = { readonly package: Package & { readonly sha256: string }; readonly path: string };

/** apt with a state of its own, so that it neither needs root nor changes the system. */
export type Apt = {
  /** Names that begin so. */
  readonly names: (prefix: string) => Promise<string[]>;
  /** The packages and all that they depend on, as onto an empty system. */
  readonly resolve: (names: readonly string[]) => Promise<Package[]>;
  /** What of these that were resolved has to be downloaded. */
  readonly bytesOf: (packages: readonly Package[]) => number;
  /**
   * Downloads, with apt's check of every signature and sum, and our own of the sum. `onBytes` hears now and then how many
   * are there.
   */
  readonly download: (
    packages: readonly Package[],
    onBytes?: (bytes: number) => void,
  ) => Promise<PackageFile[]>;
};

export type OpenAptOptions = {
  readonly suite: PackageSuite;
  readonly arch: Architecture;
  /** An empty directory that this apt may fill. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Fetches the suite's package lists into `directory` and answers from them.
 *
 * @throws LayerBuildError with apt's own words
 */
export async function openApt({ suite, arch, directory, signal }: OpenAptOptions): Promise<Apt> {
  const settings = await prepareState(suite, arch, directory);
  const downloads = join(directory, 'debs');
  const run = (program: 'apt-get' | 'apt-cache', ...rest: string[]): Promise<string> =>
    runCommand(program, [...settings, ...rest], { signal, directory: downloads });
  const names = async (prefix: string): Promise<string[]> =>
    lines(await run('apt-cache', 'pkgnames', prefix));

  const sizes = new Map<string, number>();
  await run('apt-get', 'update', '-qq', '--error-on=any');

  return {
    names,
    resolve: async (wanted) => {
      const uris = await run(
        'apt-get',
        'install',
        '-qq',
        '-y',
        '--no-install-recommends',
        '--print-uris',
        ...wanted,
      );
      const offered = parsePrintedUris(uris);
      for (const { bytes, ...one } of offered) sizes.set(fileName(one), bytes);
      return offered.map(({ bytes: _, ...one }) => one);
    },
    bytesOf: (packages) => packages.reduce((sum, one) => sum + (sizes.get(fileName(one)) ?? 0), 0),
    download: async (packages, onBytes) => {
      const wanted = packages.map(({ name, version }) => `${name}=${version}`);
      await watchingBytes(downloads, onBytes, () => run('apt-get', 'download', '-qq', ...wanted));
      const files = new Set(await readdir(downloads));
      const missing = packages.find((one) => !files.has(fileName(one)));
      if (missing !== undefined) throw incomplete(missing);
      return Promise.all(packages.map((one) => checkSum(one, join(downloads, fileName(one)))));
    },
  };
}

/** Lines of `--print-uris`: `'URI' name_version_architecture.deb size sum`, an epoch's colon percent-encoded. */
export function parsePrintedUris(output: string): (Package & { readonly bytes: number })[] {
  return lines(output).flatMap((line) => {
    const parts =
      /^'[^']*' ([^_ ]+)_([^_ ]+)_([^_ ]+)\.deb (\d+)(?: SHA256:([0-9a-f]{64}))?/.exec(line) ?? [];
    const [, name, version, architecture, bytes, sha256] = parts;
    if (name === undefined || version === undefined || architecture === undefined) return [];
    return [{ name, version: decodeURIComponent(version), architecture, sha256, bytes: Number(bytes) }];
  });
}

const everyMilliseconds = 5_000;

/** apt tells how far it is to a terminal alone: the files that it writes are looked at. */
async function watchingBytes<T>(
  directory: string,
  onBytes: ((bytes: number) => void) | undefined,
  download: () => Promise<T>,
): Promise<T> {
  let told = 0;
  const look = async (): Promise<void> => {
    const names = await readdir(directory).catch(() => []);
    const found = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => undefined)));
    const bytes = found.reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0);
    // A line that says what the last one said is none.
    if (bytes > told) onBytes?.(bytes);
    told = Math.max(told, bytes);
  };
  const timer = onBytes && setInterval(() => void look(), everyMilliseconds).unref();
  try {
    return await download();
  } finally {
    clearInterval(timer);
  }
}

function fileName({
  name,
  version,
  architecture,
}: Pick<Package, 'name' | 'version' | 'architecture'>): string {
  return `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
}

async function checkSum(expected: Package, path: string): Promise<PackageFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const sha256 = hash.digest('hex');
  if (expected.sha256 !== undefined && expected.sha256 !== sha256) throw damaged(expected, sha256);
  return { package: { ...expected, sha256 }, path };
}

async function prepareState(suite: PackageSuite, arch: Architecture, directory: string): Promise<string[]> {
  for (const name of ['sources', 'state', 'lists/partial', 'cache/archives/partial', 'debs']) {
    await mkdir(join(directory, name), { recursive: true });
  }
  await writeFile(join(directory, 'sources', `${suite.name}.sources`), renderSuite(suite));
  await writeFile(join(directory, 'status'), '');
  // Container images configure hooks that clean the system's caches after every update.
  const hooks = ['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success'].map(
    (name) => `#clear APT::Update::${name};\n`,
  );
  await writeFile(join(directory, 'apt.conf'), hooks.join(''));

  const values: Readonly<Record<string, string>> = {
    'Dir::State': join(directory, 'state'),
    'Dir::State::Lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(directory, 'sources'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Architecture': debianArchitecture[arch],
    'APT::Architectures': debianArchitecture[arch],
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    // Else the printed sums are MD5.
    'Acquire::ForceHash': 'SHA256',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
    'Debug::NoLocking': 'true',
  };
  return [
    '-c',
    join(directory, 'apt.conf'),
    ...Object.entries(values).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
  ];
}

function incomplete({ name, version }: Package): LayerBuildError {
  return new LayerBuildError({
    what: 'apt-get download left a package out',
    got: `no ${name} ${version}`,
    fix: 'Run it again; if it stays so, check apt-get update on this machine.',
  });
}

function damaged({ name, version, sha256 }: Package, got: string): LayerBuildError {
  return new LayerBuildError({
    what: `The package ${name} ${version} is not what the distribution signed`,
    got: `SHA-256 ${got}`,
    expected: sha256,
    fix: 'Run it again; if it stays so, something on the way to the mirror changes files.',
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
