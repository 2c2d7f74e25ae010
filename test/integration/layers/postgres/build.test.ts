import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { withDirectory } from '../../../support/process/fake-programs.ts';
import { runOnMount } from '../../../support/scratch/mounted.ts';
import {
  arch,
  fakeDistribution,
  hashTree,
  layersCommand,
  quoted,
  runLayers,
  sourcesLine,
} from './fake-distribution.ts';

const layerFiles = ['.checked', arch];

describe('npm run layers', () => {
  it('builds programs that get their arguments unharmed, and reuses what it built', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const into = join(root, 'layers');
      const first = await runLayers(path, '--major', '17', '--into', into);
      const layer = join(into, arch, 'client');
      expect(first).toMatchObject({ code: 0, stdout: `${layer}\n` });
      expect(first.stderr).toContain('17.9-1');
      expect(first.stderr).toContain(
        `is not on this machine: it is fetched from the package mirror, whose lists are read first, and kept in ${into}`,
      );
      expect(first.stderr).toContain('downloading 1 package, 1 B\n');

      const program = join(layer, 'postgresql/17/usr/lib/postgresql/17/bin/pg_dump');
      const odd = ['-Fc', 'a b', '', '*', `it's "quoted"`, '$HOME', 'ü\n'];
      const { stdout } = await promisify(execFile)(program, odd, { env: {}, cwd: '/' });
      expect(stdout).toBe(`${odd.join(' ')}\n`);
      const manifest: unknown = JSON.parse(
        await readFile(join(layer, 'postgresql/17/manifest.json'), 'utf8'),
      );
      expect(manifest).toMatchObject({
        major: 17,
        version: '17.9-1',
        suite: 'trixie',
        kind: 'client',
        arch,
        packages: [
          {
            name: 'postgresql-client-17',
            version: '17.9-1',
            architecture: 'all',
            sha256: expect.stringMatching(/^e3b0c44298fc/),
            license: 'licenses/postgresql-client-17',
          },
        ],
      });
      expect(await readFile(join(layer, 'postgresql/17/licenses/postgresql-client-17'), 'utf8')).toMatch(
        /copy this/,
      );
      expect((await readdir(into)).sort()).toEqual(layerFiles);

      const again = await runLayers(join(root, 'nowhere'), '--major', '17', '--into', into);
      expect(again).toMatchObject({ code: 0, stdout: `${layer}\n` });
      expect(again.stderr).toMatch(new RegExp(`^client ${arch}: 17, \\d MB unpacked\\n$`));
    }));

  it('builds the same bytes from the same packages', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const builds = ['one', 'two'].map((name) => join(root, name));
      for (const into of builds) {
        const mask = process.umask(into.endsWith('one') ? 0o022 : 0o077);
        const { code } = await runLayers(path, '--major', '17', '--into', into).finally(() =>
          process.umask(mask),
        );
        expect(code).toBe(0);
      }
      const [one, two] = await Promise.all(
        builds.map((into) => hashTree(join(into, arch, 'client/postgresql/17'))),
      );
      expect(one).toBe(two);
    }));

  it('builds the same layer twice at once without harm', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const into = join(root, 'layers');
      const both = await Promise.all([1, 2].map(() => runLayers(path, '--major', '17', '--into', into)));
      expect(both.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
      expect((await readdir(into)).sort()).toEqual(layerFiles);
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
      const helped = await runLayers(root, '--help');
      expect(helped).toMatchObject({ code: 0, stderr: '' });
      expect(helped.stdout).toMatch(/--extension/);
    }));

  it('says so and leaves nothing when the disk is really full', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root);
      const into = join(root, 'small');
      await mkdir(into);
      const script = `PATH=${quoted(path)} "$@" 2>&1; echo "code $?"; /bin/ls -A ${quoted(into)}`;
      const words = [...layersCommand, '--arch', arch, '--major', '17', '--into', into];
      const output = await runOnMount(into, 'size=1m', ['sh', '-c', script, 'sh', ...words]);
      expect(output).toMatch(/No space left on device.*Make room on the disk.*\ncode 1\n$/s);
    }));

  it('says so when the mirror cannot be reached, with the distribution’s own apt', () =>
    withDirectory(async (root) => {
      const list = join(root, 'sources.list');
      await writeFile(list, 'deb http://127.0.0.1:1/debian bookworm main\n');
      const settings = `Dir::Etc::SourceList "${list}";\nDir::Etc::SourceParts "/dev/null";\nAcquire::Retries "0";\n`;
      await writeFile(join(root, 'apt.conf'), settings);
      const into = join(root, 'layers');
      const [node = '', ...words] = [...layersCommand, '--arch', arch, '--major', '17', '--into', into];
      const env = { ...process.env, APT_CONFIG: join(root, 'apt.conf') };
      const failure: unknown = await promisify(execFile)(node, words, { env }).catch(
        (error: unknown) => error,
      );
      const message = existsSync('/usr/bin/apt-get')
        ? /apt-get update failed: .*reaches its package mirror/
        : /not Debian or Ubuntu/;
      expect(failure).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
      expect(existsSync(into) ? await readdir(into) : []).toEqual([]);
    }));

  it('leaves nothing when it is interrupted', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root, { 'dpkg-deb': 'exec /bin/sleep 60' });
      const into = join(root, 'layers');
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        const [node = '', ...words] = [...layersCommand, '--arch', arch, '--major', '17', '--into', into];
        const child = spawn(node, words, { env: { ...process.env, PATH: path }, stdio: 'ignore' });
        const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
        await becomesTrue(async () => (await readdir(into).catch(() => [])).length > 0);
        expect(child.kill(signal)).toBe(true);
        expect(await ended).toBe(code);
        expect(await readdir(into)).toEqual([]);
      }
    }));

  it('removes what a killed build left, not what another one is at', () =>
    withDirectory(async (root) => {
      const path = await fakeDistribution(root, { 'dpkg-deb': 'exec /bin/sleep 60' });
      const into = join(root, 'layers');
      const [node = '', ...words] = [...layersCommand, '--arch', arch, '--major', '17', '--into', into];
      const start = async (): Promise<{ name: string; kill: () => Promise<unknown> }> => {
        const before: string[] = await readdir(into).catch(() => []);
        const child = spawn(node, words, {
          env: { ...process.env, PATH: path },
          stdio: 'ignore',
          detached: true,
        });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        let name: string | undefined;
        await becomesTrue(async () => {
          name = (await readdir(into).catch(() => [])).find((one) => !before.includes(one));
          return name !== undefined;
        });
        const kill = (): Promise<unknown> => {
          process.kill(-(child.pid ?? 0), 'SIGKILL');
          return ended;
        };
        return { name: name ?? '', kill };
      };
      const killed = await start();
      await killed.kill();
      const alive = await start();
      expect(await readdir(into)).toEqual([alive.name]);
      const failing = await fakeDistribution(join(root, 'other'), { 'dpkg-deb': 'exit 2' });
      expect((await runLayers(failing, '--major', '17', '--into', into)).code).toBe(1);
      expect(await readdir(into)).toEqual([alive.name]);
      await alive.kill();
      expect((await runLayers(failing, '--major', '17', '--into', into)).code).toBe(1);
      expect(await readdir(into)).toEqual([]);
    }));
});

async function becomesTrue(question: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await question()).toBe(true), { timeout: 20_000, interval: 20 });
}

function failingApt(word: string, complaint: string): string {
  return `case "$*" in
    ${sourcesLine}
    *--print-uris*) echo "'http://mirror.example/a.deb' postgresql-client-17_17.9-1_all.deb 1 SHA256:0";;
    *" ${word} "*) echo ${quoted(complaint)} >&2; exit 100;;
  esac`;
}
