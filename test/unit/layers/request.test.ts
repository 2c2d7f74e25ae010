import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../functions/shared/errors.ts';
import { buildRoot, isUsablePath, programDirectory } from '../../../layers/postgres/build-root.ts';
import { parseRequest } from '../../../layers/postgres/request.ts';

describe('parseRequest', () => {
  it('builds the client programs of every known major by default', () => {
    expect(parseRequest([])).toMatchObject({ majors: [15, 17, 18], kind: 'client', into: undefined });
  });

  it('takes lists', () => {
    expect(parseRequest(['--major', '15, 18', '--arch=arm64,x86_64', '--server', '--into', 'a b'])).toEqual({
      majors: [15, 18],
      archs: ['arm64', 'x86_64'],
      kind: 'server',
      into: 'a b',
    });
  });

  it.each([
    [['--major', 'seventeen']],
    [['--major', '']],
    [['--major', '17;18']],
    [['--arch', 'amd64']],
    [['--unknown']],
    [['stray']],
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
