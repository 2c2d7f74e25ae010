import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { buildRoot, isUsablePath, programDirectory } from '../../../../layers/postgres/build-root.ts';
import { parseRequest } from '../../../../layers/postgres/request.ts';

describe('parseRequest', () => {
  it('builds the client programs of every known major for both architectures by default', () => {
    expect(parseRequest([])).toEqual({
      majors: undefined,
      archs: ['x86_64', 'arm64'],
      kinds: ['client'],
      into: undefined,
      extensions: undefined,
      locales: undefined,
      update: false,
      maxAgeDays: undefined,
    });
  });

  it('takes lists, flags that come again, and each thing once', () => {
    const words = ['--major', '15, 18', '--major=15', '--arch=arm64', '--server', '--into', 'a b'];
    const more = [
      '--extension',
      'pgvector,postgis',
      '--extension',
      'hypopg',
      '--locale',
      'de_DE.UTF-8,fr_FR.UTF-8',
    ];
    expect(parseRequest([...words, ...more, '--max-age-days', '7'])).toEqual({
      majors: [15, 18],
      archs: ['arm64'],
      kinds: ['server'],
      into: 'a b',
      update: false,
      maxAgeDays: 7,
      extensions: ['pgvector', 'postgis', 'hypopg'],
      locales: ['de_DE.UTF-8', 'fr_FR.UTF-8'],
    });
  });

  it('tells no extensions from whatever is built', () => {
    expect(parseRequest(['--server', '--extension', 'none'])).toMatchObject({ extensions: [] });
    expect(parseRequest(['--server', '--extension', 'postgis,-postgis_raster'])).toMatchObject({
      extensions: ['postgis', '-postgis_raster'],
    });
  });

  it('updates both kinds', () => {
    expect(parseRequest(['--update'])).toMatchObject({ kinds: ['client', 'server'], update: true });
    expect(parseRequest(['--update', '--server'])).toMatchObject({ kinds: ['server'] });
  });

  it('helps, whatever else is asked', () => {
    expect(parseRequest(['--major', '17', '--help'])).toBe('help');
  });

  it.each([
    [['--major', 'seventeen']],
    [['--major', '']],
    [['--major', '17;18']],
    [['--arch', 'amd64']],
    [['--unknown']],
    [['stray']],
    [['--extension', 'pgvector']],
    [['--locale', 'de_DE.UTF-8']],
    [['--server', '--extension', '']],
    [['--server', '--extension', 'none,pgvector']],
    [['--server', '--locale', '../x']],
    [['--max-age-days', '-1']],
    [['--max-age-days', 'week']],
  ])('refuses %j', (words) => {
    expect(() => parseRequest(words)).toThrow(UsageError);
  });
});

describe('the place of layers', () => {
  it('is in the clone, whatever the environment says', () => {
    expect(buildRoot({ XDG_CACHE_HOME: '/elsewhere' })).toMatch(/layers\/postgres\/build$/);
  });

  it('is laid out as Debian does, below a directory per major', () => {
    expect(programDirectory('/opt', 17)).toBe('/opt/postgresql/17/usr/lib/postgresql/17/bin');
  });

  it('must not hold what the programs cannot quote', () => {
    expect(isUsablePath("/home/a b/ü'(*)")).toBe(true);
    expect(['/a:b', '/a;b', '/a$b', '/a"b', '/a`b', '/a\\b'].some(isUsablePath)).toBe(false);
  });
});
