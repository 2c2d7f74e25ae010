import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withDirectory, writePrograms } from '../../../support/process/fake-programs.ts';
import { arch, type Ended, fakeDistribution, runLayers, setVersion } from './fake-distribution.ts';

type Place = {
  readonly root: string;
  readonly path: string;
  readonly into: string;
  readonly layers: (...words: string[]) => Promise<Ended>;
  /** Of the one major that is built. */
  readonly version: () => Promise<unknown>;
};

/** A layer that was built from the first version. */
function withLayer(use: (place: Place) => Promise<void>): Promise<void> {
  return withDirectory(async (root) => {
    const path = await fakeDistribution(root);
    const into = join(root, 'layers');
    const layers = (...words: string[]): Promise<Ended> => runLayers(path, ...words, '--into', into);
    expect((await layers('--major', '17')).code).toBe(0);
    const version = async (): Promise<unknown> => {
      const text = await readFile(join(into, arch, 'client/postgresql/17/manifest.json'), 'utf8');
      return (JSON.parse(text) as { version: unknown }).version;
    };
    await use({ root, path, into, layers, version });
  });
}

const noNetwork = {
  'apt-get': `case "$*" in *indextargets*) ;; esac; echo "E: Could not resolve 'mirror.example'" >&2; exit 100`,
};

describe('npm run layers -- --update', () => {
  it('rebuilds what has a newer version, and nothing else', () =>
    withLayer(async ({ root, into, layers, version }) => {
      const programs = join(into, arch, 'client/postgresql/17/usr');
      const before = await stat(programs);
      const same = await layers('--update');
      expect(same).toMatchObject({ code: 0, stdout: `${join(into, arch, 'client')}\n` });
      expect(same.stderr).toMatch(/up to date/);
      expect((await stat(programs)).ino).toBe(before.ino);

      await setVersion(root, '17.8-1');
      await layers('--update');
      expect(await version()).toBe('17.9-1');

      await setVersion(root, '17.10-1');
      expect((await layers('--major', '17')).stderr).not.toMatch(/17.10/);
      const newer = await layers('--update');
      expect(newer.stderr).toMatch(/updated to 17\.10-1/);
      expect(await version()).toBe('17.10-1');
    }));

  it('fails without network, and keeps what is there', () =>
    withLayer(async ({ path, layers, version }) => {
      await writePrograms(path, noNetwork);
      const { code, stderr } = await layers('--update');
      expect(code).toBe(1);
      expect(stderr).toMatch(/Could not resolve/);
      expect(await version()).toBe('17.9-1');
    }));

  it('says so when nothing is built', () =>
    withDirectory(async (root) => {
      const ended = await runLayers(root, '--update', '--into', join(root, 'layers'));
      expect(ended).toMatchObject({ code: 0, stdout: '' });
      expect(ended.stderr).toMatch(/Nothing is built/);
    }));
});

describe('npm run layers -- --max-age-days', () => {
  it('asks the mirror only when the last time is long ago', () =>
    withLayer(async ({ root, into, layers, version }) => {
      await setVersion(root, '17.10-1');
      await layers('--major', '17', '--max-age-days', '7');
      expect(await version()).toBe('17.9-1');

      const eightDays = new Date(Date.now() - 8 * 24 * 60 * 60_000);
      const record = join(into, '.checked', `${arch}-client-17`);
      await writeFile(record, eightDays.toISOString());
      expect((await layers('--major', '17', '--max-age-days', '7')).stderr).toMatch(/updated to 17\.10-1/);
      expect(Date.parse((await readFile(record, 'utf8')).trim())).toBeGreaterThan(eightDays.getTime());
      expect((await layers('--major', '17', '--max-age-days', '7')).stderr).not.toMatch(/up to date/);
      await rm(join(into, '.checked'), { recursive: true });
      expect((await layers('--major', '17', '--max-age-days', '7')).stderr).toMatch(/up to date/);
    }));

  it('keeps what is there without network, and says so in one line', () =>
    withLayer(async ({ into, path, layers, version }) => {
      await writePrograms(path, noNetwork);
      const { code, stdout, stderr } = await layers('--major', '17', '--max-age-days', '0');
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(into, arch, 'client')}\n` });
      const [kept, size, ...rest] = stderr.trim().split('\n');
      expect(kept).toMatch(/17 .*kept as it is.*Could not resolve/);
      expect(size).toMatch(/^client .* MB unpacked$/);
      expect(rest).toEqual([]);
      expect(await version()).toBe('17.9-1');
    }));
});

describe('a layer of an older recipe', () => {
  it.each(['{}', '{"major":17,"version":"17.1-1"}', 'not JSON'])('is rebuilt: %s', (manifest) =>
    withLayer(async ({ into, layers, version }) => {
      const major = join(into, arch, 'client/postgresql/17');
      await rm(major, { recursive: true });
      await mkdir(major);
      await writeFile(join(major, 'manifest.json'), manifest);
      await writeFile(join(major, 'left-over'), '');
      expect((await layers('--major', '17')).code).toBe(0);
      expect(await version()).toBe('17.9-1');
      await expect(stat(join(major, 'left-over'))).rejects.toThrow('ENOENT');
    }),
  );
});
