import { describe, expect, it } from 'vitest';
import { mayBeNeeded } from '../../../../layers/postgres/choose-packages.ts';
import { isCurrent, type LayerManifest, recipe } from '../../../../layers/postgres/layer-manifest.ts';
import { describeSize, lambdaLimitBytes } from '../../../../layers/postgres/layer-size.ts';
import { referencedLicenses } from '../../../../layers/postgres/licenses.ts';
import { allLocales } from '../../../../layers/postgres/locales.ts';
import { replaceConstant } from '../../../../layers/postgres/time-zones.ts';

const manifest: LayerManifest = {
  recipe,
  major: 17,
  version: '17.9-1',
  arch: 'x86_64',
  kind: 'server',
  suite: 'trixie',
  extensions: ['pgvector'],
  locales: allLocales([]),
  timeZones: 'layer',
  bytes: 1,
  packages: [],
};

describe('isCurrent', () => {
  it('takes what is there where nothing is asked for', () => {
    expect(isCurrent(manifest, { extensions: undefined, locales: undefined })).toBe(true);
    expect(
      isCurrent({ ...manifest, recipe: recipe - 1 }, { extensions: undefined, locales: undefined }),
    ).toBe(false);
    expect(isCurrent({}, { extensions: undefined, locales: undefined })).toBe(false);
  });

  it('wants exactly what is asked for', () => {
    expect(isCurrent(manifest, { extensions: ['vector'], locales: [] })).toBe(true);
    expect(isCurrent(manifest, { extensions: [], locales: undefined })).toBe(false);
    expect(isCurrent(manifest, { extensions: ['pgvector', 'postgis'], locales: undefined })).toBe(false);
    expect(isCurrent(manifest, { extensions: undefined, locales: ['de_DE.UTF-8'] })).toBe(false);
    expect(isCurrent(manifest, { extensions: undefined, locales: ['en_US.UTF-8'] })).toBe(true);
  });
});

describe('describeSize', () => {
  const size = {
    arch: 'arm64',
    kind: 'client',
    majors: [15, 17],
    bytes: 53_100_000,
    extensions: [],
  } as const;

  it('is one line', () => {
    expect(describeSize(size)).toEqual(['client arm64: 15, 17, 54 MB unpacked']);
  });

  it.each([
    [{ ...size, bytes: lambdaLimitBytes + 1 }, /262 MB .* 263 MB: leave out a major/],
    [{ ...size, majors: [17], bytes: 4e8, extensions: ['age', 'postgis'] }, /add -postgis_raster/],
    [
      { ...size, majors: [17], bytes: 4e8, extensions: ['age', 'postgis', '-postgis_raster'] },
      /one of age, postgis,/,
    ],
  ])('warns of what Lambda would refuse', (large, warning) => {
    expect(describeSize(large)).toHaveLength(2);
    expect(describeSize(large)[1]).toMatch(warning);
  });
});

describe('referencedLicenses', () => {
  it('finds the names of common licences, not the full stop after them', () => {
    const text =
      "see /usr/share/common-licenses/GPL-2.\nand `/usr/share/common-licenses/LGPL-2.1' and /usr/share/common-licenses/../x";
    expect(referencedLicenses(text)).toEqual(['GPL-2', 'LGPL-2.1']);
  });
});

describe('replaceConstant', () => {
  const program = (text: string): Buffer => Buffer.from(text.replaceAll('|', '\0'));

  it('replaces the one constant, and nothing that only contains it', () => {
    const changed = replaceConstant(program('a|/usr/x|b--dir=/usr/x|'), '/usr/x', '/proc/');
    expect(changed).toEqual(program('a|/proc/|b--dir=/usr/x|'));
  });

  it('leaves alone what it cannot be sure of', () => {
    expect(replaceConstant(program('|/usr/x|/usr/x|'), '/usr/x', '/proc/')).toBeUndefined();
    expect(replaceConstant(program('nothing'), '/usr/x', '/proc/')).toBeUndefined();
    expect(replaceConstant(program('|/usr/x|'), '/usr/x', '/longer')).toBeUndefined();
  });
});

describe('mayBeNeeded', () => {
  it('leaves out what only maintainer scripts use', () => {
    const names = [
      'libc6',
      'gcc-14-base',
      'postgresql-17-postgis-3-scripts',
      'proj-data',
      'tzdata-legacy',
      'zlib1g',
    ];
    expect(names.filter((name) => !mayBeNeeded(name))).toEqual([]);
    expect(['perl-base', 'libperl5.40', 'libllvm19', 'systemd', 'libjson-perl'].filter(mayBeNeeded)).toEqual(
      [],
    );
  });
});
