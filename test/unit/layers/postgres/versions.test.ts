import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../../layers/postgres/compare-versions.ts';
import { isAnyNewer } from '../../../../layers/postgres/mirror-check.ts';

describe('compareVersions', () => {
  it.each([
    ['17.9-1', '17.10-1'],
    ['17.12~rc1-1', '17.12-1'],
    ['17.12-0+deb13u1', '17.12-0+deb13u2'],
    ['17.12-0+deb13u9', '17.12-0+deb13u10'],
    ['18.6-3', '18.6-3+b1'],
    ['18.6-3', '1:1.0-1'],
    ['1.0', '1.0-1'],
    ['1.0a', '1.0b'],
    ['1.0a', '1.0+'],
    ['1.0~~', '1.0~'],
    ['2.41-12+deb13u4', '2.43-7'],
    ['1.0-1-1', '1.0-2-1'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
  });

  it.each([
    ['1.0', '0:1.0'],
    ['1.0', '1.00'],
    ['1.0-1', '1.0-01'],
  ])('%s is the same as %s', (one, other) => {
    expect(compareVersions(one, other)).toBe(0);
  });
});

describe('isAnyNewer', () => {
  const built = [
    { name: 'libpq5', version: '17.9-1' },
    { name: 'libicu76', version: '76.1-4' },
  ];

  it('is so for one package of all', () => {
    expect(isAnyNewer(built, [...built, { name: 'adduser', version: '9' }])).toBe(false);
    const [, icu = { name: '', version: '' }] = built;
    expect(isAnyNewer(built, [{ name: 'libpq5', version: '17.10-1' }, icu])).toBe(true);
  });

  it('is so when a package has another name now', () => {
    expect(
      isAnyNewer(built, [built[0] ?? { name: '', version: '' }, { name: 'libicu78', version: '78' }]),
    ).toBe(true);
  });

  it('is not so when the mirror lags behind', () => {
    expect(
      isAnyNewer(
        built,
        built.map(({ name }) => ({ name, version: '1' })),
      ),
    ).toBe(false);
  });
});
