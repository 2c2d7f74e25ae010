import { describe, expect, it } from 'vitest';
import { NoDatabases, selectDatabases } from '../../../../core/backup/select-databases.ts';

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

  it('leave out the excluded by whole names', () => {
    expect(names([], ['app'])).toEqual(['app-x']);
  });

  it('are never none without a word', () => {
    expect(() => names([], ['app', 'app-x'])).toThrow(NoDatabases);
    expect(() => selectDatabases([], [], [])).toThrow(NoDatabases);
  });
});
