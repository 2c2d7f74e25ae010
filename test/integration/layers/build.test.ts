import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { machineArchitecture } from '../../../layers/postgres/build-root.ts';
import { readElf } from '../../../layers/postgres/elf.ts';
import { triplets } from '../../../layers/postgres/library-closure.ts';
import { withDirectory, writePrograms } from '../../support/fake-programs.ts';

const command = fileURLToPath(new URL('../../../layers/postgres/build.ts', import.meta.url));
const arch = machineArchitecture() ?? 'x86_64';

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** The command with nothing but `path` to find programs in. */
function runLayers(path: string, ...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const tsx = import.meta.resolve('tsx');
    const env = { ...process.env, PATH: path };
    execFile(process.execPath, ['--import', tsx, command, ...words], { env }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

/**
 * A distribution of one package: its programs are the machine's own `echo`, which shows what arrives in a program
 * that is started through the loader.
 */
async function fakeDistribution(
  root: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const tree = join(root, 'package');
  const home = join(tree, 'usr/lib/postgresql/17/bin');
  const libraries = join(tree, 'usr/lib', triplets[arch]);
  await mkdir(home, { recursive: true });
  await mkdir(libraries, { recursive: true });
  for (const name of ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'])
    await copyFile('/bin/echo', join(home, name));
  const elf = await readElf('/bin/echo');
  for (const name of [...(elf?.needed ?? []), basename(elf?.interpreter ?? '')]) {
    await copyFile(join('/lib', triplets[arch], name), join(libraries, name));
  }
  return writePrograms(join(root, 'bin'), {
    'apt-get': `case "$*" in
      *indextargets*) printf 'http://mirror.example/debian/\\tbookworm\\tDebian\\tmain\\t/nowhere/debian.sources:1\\n';;
      *--print-uris*) echo "'http://mirror.example/a.deb' postgresql-client-17_17.9-1_all.deb 1 SHA256:0";;
      *download*) : > postgresql-client-17_17.9-1_all.deb;;
    esac`,
    'apt-cache': 'echo postgresql-client-17',
    'dpkg-deb': `/bin/cp -a ${quoted(tree)}/. "$3"`,
    ...changes,
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

describe('npm run layers', () => {
  it('builds programs that get their arguments unharmed, and reuses what it built', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const into = join(root, 'layers');
      const first = await runLayers(path, '--major', '17', '--into', into);
      const layer = join(into, arch, 'client');
      expect(first).toMatchObject({ code: 0, stdout: `${layer}\n` });
      expect(first.stderr).toContain('17.9-1');

      const program = join(layer, 'postgresql/17/usr/lib/postgresql/17/bin/pg_dump');
      const odd = ['-Fc', 'a b', '', '*', `it's "quoted"`, '$HOME', 'ü\n'];
      const { stdout } = await promisify(execFile)(program, odd, { env: {}, cwd: '/' });
      expect(stdout).toBe(`${odd.join(' ')}\n`);
      const manifest: unknown = JSON.parse(
        await readFile(join(layer, 'postgresql/17/manifest.json'), 'utf8'),
      );
      expect(manifest).toMatchObject({
        ...{ major: 17, version: '17.9-1', suite: 'trixie', kind: 'client', arch },
        packages: [{ name: 'postgresql-client-17', version: '17.9-1' }],
      });
      expect(await readdir(into)).toEqual([arch]);

      const again = await runLayers(join(root, 'nowhere'), '--major', '17', '--into', into);
      expect(again).toEqual({ code: 0, stdout: `${layer}\n`, stderr: '' });
    }));

  it('builds the same layer twice at once without harm', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const into = join(root, 'layers');
      const both = await Promise.all([1, 2].map(() => runLayers(path, '--major', '17', '--into', into)));
      expect(both.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
      expect(await readdir(into)).toEqual([arch]);
      expect(await readdir(join(into, arch, 'client', 'postgresql'))).toEqual(['17']);
    }));

  it.each([
    [
      'there is no network',
      {
        'apt-get': failingApt(
          'update',
          "E: Failed to fetch http://mirror.example  Could not resolve 'mirror.example'",
        ),
      },
      /apt-get update failed: Failed to fetch.*reaches its package mirror/,
    ],
    [
      'the disk is full',
      { 'apt-get': failingApt('download', 'E: You don’t have enough free space in /x') },
      /apt-get download failed.*Make room/,
    ],
    [
      'an archive is damaged',
      { 'dpkg-deb': 'echo "dpkg-deb: error: unexpected end of file" >&2; exit 2' },
      /dpkg-deb failed: .*unexpected end of file/,
    ],
    [
      'a library is in no package',
      {
        'dpkg-deb': `set -- "$3"; ${'/bin/mkdir -p "$1/usr/lib/postgresql/17/bin"; for p in pg_dump pg_restore pg_dumpall psql; do /bin/cp /bin/echo "$1/usr/lib/postgresql/17/bin/$p"; done'}`,
      },
      /not complete.*is missing/,
    ],
  ])('says so in one line and leaves nothing when %s', (_, changes, message) =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root, changes);
      const into = join(root, 'layers');
      const { code, stdout, stderr } = await runLayers(path, '--major', '17', '--into', into);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr.trim().split('\n').at(-1)).toMatch(message);
      expect(await readdir(into)).toEqual([]);
    }),
  );

  it('names the majors that there are when one is unknown', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const { code, stderr } = await runLayers(path, '--major', '16', '--into', join(root, 'layers'));
      expect(code).toBe(1);
      expect(stderr).toMatch(/PostgreSQL 16 is in none .*one of 15, 17, 18/);
      expect(await readdir(join(root, 'layers'))).toEqual([]);
    }));

  it('says what to do where there is no apt', () =>
    withDirectory(async (root) => {
      const { code, stderr } = await runLayers(root, '--major', '17', '--into', join(root, 'layers'));
      expect(code).toBe(1);
      expect(stderr).toMatch(/not Debian or Ubuntu .*PGPROOF_PG_BIN/);
    }));

  it('tells a wrong call by its exit status', () =>
    withDirectory(async (root) => {
      expect((await runLayers(root, '--major', 'x')).code).toBe(2);
      expect((await runLayers(root, '--major', '17', '--into', join(root, 'a:b'))).code).toBe(2);
    }));
});

function failingApt(word: string, complaint: string): string {
  return `case "$*" in
    *indextargets*) printf 'http://mirror.example/debian/\\tbookworm\\tDebian\\tmain\\t/nowhere/debian.sources:1\\n';;
    *--print-uris*) echo "'http://mirror.example/a.deb' postgresql-client-17_17.9-1_all.deb 1 SHA256:0";;
    *" ${word} "*) echo ${quoted(complaint)} >&2; exit 100;;
  esac`;
}
