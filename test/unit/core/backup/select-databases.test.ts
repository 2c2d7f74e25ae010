import { describe, expect, it } from 'vitest';
import {
  databasesLike,
  excludedInVain,
  NoDatabases,
  selectDatabases,
} from '../../../../core/backup/select-databases.ts';
import { UsageError } from '../../../../core/errors.ts';

const plain = { bytes: 1, allowsConnections: true, isTemplate: false };
const onServer = [
  { ...plain, name: 'app' },
  { ...plain, name: 'app-x', bytes: 2 },
  { ...plain, name: 'closed', allowsConnections: false },
  { ...plain, name: 'postgres' },
  { ...plain, name: 'rdsadmin' },
  { ...plain, name: 'template1', isTemplate: true },
];
const names = (named: string[], excluded: string[]): string[] =>
  selectDatabases(onServer, named, excluded).map(({ name }) => name);

describe('the databases of a run', () => {
  it('are all but templates, closed ones, postgres and the providers’ own', () => {
    expect(names([], [])).toEqual(['app', 'app-x']);
  });

  it('are exactly those named, postgres too', () => {
    expect(names(['postgres', 'app'], [])).toEqual(['postgres', 'app']);
    expect(names(['app', 'app'], [])).toEqual(['app']);
  });

  it('keep a name that the server does not have, so that its backup fails and says so', () => {
    expect(selectDatabases(onServer, ['gone'], [])).toEqual([{ name: 'gone', bytes: 0 }]);
  });

  it.each([
    'postgresql://app:s3cret@db.example/app',
    'postgres://db.example/s3cret',
    'POSTGRESQL://app:s3cret@/app',
    'jdbc:postgresql://db.example/app?password=s3cret',
    'app:s3cret@db.example/app',
    'host=db.example password=s3cret dbname=app',
    'dbname=app  PASSWORD = s3cret',
  ])('are no connection strings, of which nothing is repeated: %s', (text) => {
    for (const select of [() => names([text], []), () => names([], [text]), () => names(['app', text], [])]) {
      expect(select).toThrow(UsageError);
      expect(select).toThrow(/a connection string was given.*--source/);
      expect(select).not.toThrow(/s3cret|db\.example/);
    }
  });

  it.each(['a=b', 'app@home', 'a:b', 'host', 'x/y', 'postgresql:'])(
    'may have odd names that are no connection strings: %s',
    (name) => {
      expect(names([name], [])).toEqual([name]);
    },
  );

  it('may be called like a connection string where the server has one that is', () => {
    const name = 'postgresql://app@db/app';
    expect(selectDatabases([{ ...plain, name }], [name], [])).toEqual([{ name, bytes: 1 }]);
  });

  it('are told apart from what is left out in vain, with the names that are like it', () => {
    expect(excludedInVain(onServer, ['app', 'template1', 'rdsadmin'])).toEqual([]);
    expect(excludedInVain(onServer, ['ap-x', 'ap-x'])).toEqual([
      { database: 'ap-x', message: expect.stringContaining('one of "app-x", "app"') },
    ]);
    expect(databasesLike('APP', onServer)).not.toMatch(/rdsadmin|template1/);
    expect(databasesLike('APP', onServer)).toMatch(/^one of "app"/);
  });

  it('leave out the excluded by whole names', () => {
    expect(names([], ['app'])).toEqual(['app-x']);
  });

  it('are never none without a word', () => {
    expect(() => names([], ['app', 'app-x'])).toThrow(NoDatabases);
    expect(() => selectDatabases([], [], [])).toThrow(NoDatabases);
  });
});
