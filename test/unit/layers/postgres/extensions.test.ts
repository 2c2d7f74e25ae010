import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { LayerBuildError } from '../../../../layers/postgres/errors.ts';
import {
  findExtension,
  isOfExtension,
  parseExtension,
  sameExtensions,
  splitExtensions,
} from '../../../../layers/postgres/extensions.ts';

const available = [
  'age',
  'hypopg',
  'partman',
  'pg-hint-plan',
  'pgvector',
  'pgrouting',
  'pgrouting-doc',
  'postgis-3',
  'postgis-10',
  'postgis-3-scripts',
  'slony1-2',
].map((name) => `postgresql-17-${name}`);

describe('findExtension', () => {
  it.each([
    ['pgvector', 'pgvector', 'pgvector'],
    ['hypopg', 'hypopg', 'hypopg'],
    ['pg_partman', 'partman', 'partman'],
    ['pg-partman', 'partman', 'partman'],
    ['hint_plan', 'pg-hint-plan', 'pg-hint-plan'],
    ['PgVector', 'pgvector', 'pgvector'],
    ['vector', 'pgvector', 'pgvector'],
    ['postgis', 'postgis', 'postgis-10'],
    ['postgis-3', 'postgis', 'postgis-3'],
    ['slony1', 'slony1', 'slony1-2'],
  ])('finds %s', (name, extension, suffix) => {
    expect(findExtension(name, 17, available)).toEqual({ extension, package: `postgresql-17-${suffix}` });
  });

  it('names what is near when there is none', () => {
    expect(() => findExtension('pgvektor', 17, available)).toThrow(/PostgreSQL 17: pgvektor .*such as age/);
    expect(() => findExtension('postgiss', 17, available)).toThrow(/such as postgis-10, postgis-3\)/);
    expect(() => findExtension('x', 17, [])).toThrow(LayerBuildError);
    expect(() => findExtension('pgrouting-doc', 17, available)).toThrow(/such as pgrouting\)/);
  });
});

describe('lists of extensions', () => {
  it('are the same in any order and spelling', () => {
    expect(sameExtensions(['pg_partman', 'postgis'], ['postgis-3', 'partman'])).toBe(true);
    expect(sameExtensions([], [])).toBe(true);
    expect(sameExtensions(['postgis'], ['postgis', '-postgis_raster'])).toBe(false);
    expect(sameExtensions(['age'], [])).toBe(false);
  });

  it('tell what is added from what is left out', () => {
    expect(splitExtensions(['-b', 'postgis', '-a'])).toEqual({ add: ['postgis'], leaveOut: ['a', 'b'] });
  });

  it('hold names only', () => {
    expect(parseExtension('pg_partman')).toBe('pg_partman');
    expect(parseExtension('-postgis_raster')).toBe('-postgis_raster');
    for (const word of ['', '-', 'a b', '../x', '$(x)', 'pg_']) {
      expect(() => parseExtension(word)).toThrow(UsageError);
    }
  });
});

describe('isOfExtension', () => {
  it('takes its files, not those of others with a longer name', () => {
    const files = [
      'postgis_raster-3.so',
      'extension/postgis_raster-3.control',
      'extension/postgis_raster--3.5.2.sql',
      'extension/postgis_raster--3.5.2--3.5.3.sql',
    ];
    expect(files.every((file) => isOfExtension(file, 'postgis_raster'))).toBe(true);
    expect(files.some((file) => isOfExtension(file, 'postgis'))).toBe(false);
    expect(isOfExtension('postgis_raster', 'postgis_raster')).toBe(false);
  });
});
