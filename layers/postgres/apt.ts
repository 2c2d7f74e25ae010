import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from './build-root.ts';
import { LayerBuildError } from './errors.ts';
import { type PackageSuite, renderSuite } from './package-sources.ts';
import { runCommand } from './run-command.ts';

const debianArchitecture = { x86_64: 'amd64', arm64: 'arm64' } as const;

export type Package = { readonly name: string; readonly version: string };

/** apt with a state of its own, so that it neither needs root nor changes the system. */
export type Apt = {
  /** Whether the suite has a package of this name. */
  readonly has: (name: string) => Promise<boolean>;
  /** Names that begin so. */
  readonly names: (prefix: string) => Promise<string[]>;
  /** The packages and all that they depend on, as onto an empty system. */
  readonly resolve: (names: readonly string[]) => Promise<Package[]>;
  /** Downloads, with apt's check of every signature and sum; the paths of the `.deb` files. */
  readonly download: (packages: readonly Package[]) => Promise<string[]>;
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

  await run('apt-get', 'update', '-qq', '--error-on=any');

  return {
    names,
    has: async (name) => (await names(name)).includes(name),
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
      return parsePrintedUris(uris);
    },
    download: async (packages) => {
      await run('apt-get', 'download', '-qq', ...packages.map(({ name, version }) => `${name}=${version}`));
      const files = (await readdir(downloads)).filter((name) => name.endsWith('.deb'));
      if (files.length !== packages.length) throw incomplete(files.length, packages.length);
      return files.map((name) => join(downloads, name));
    },
  };
}

/** Lines of `--print-uris`: `'URI' name_version_architecture.deb size sum`, an epoch's colon percent-encoded. */
export function parsePrintedUris(output: string): Package[] {
  return lines(output).flatMap((line) => {
    const [, name, version] = /^'[^']*' ([^_ ]+)_([^_ ]+)_[^_ ]+\.deb /.exec(line) ?? [];
    return name === undefined || version === undefined
      ? []
      : [{ name, version: decodeURIComponent(version) }];
  });
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

function incomplete(got: number, expected: number): LayerBuildError {
  return new LayerBuildError({
    what: 'apt-get download left packages out',
    got: `${got} files`,
    expected: String(expected),
    fix: 'Run it again; if it stays so, check apt-get update on this machine.',
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
