import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { keyOf } from '../../../../../core/manifest/backup-id.ts';
import { parseManifest } from '../../../../../core/manifest/manifest.ts';
import { refuseContradictions } from '../../../../../core/restore/beside/contradictions.ts';
import { type RestoreRequest, wholeBackup } from '../../../../../core/restore/request.ts';
import { listedDocuments, nightly } from '../../../../support/backup/listed.ts';

const id = nightly(1);
const bytes = listedDocuments({ id }).get(keyOf(id, 'manifest.json')) ?? Buffer.alloc(0);
const made = parseManifest(bytes, 'manifest.json');
const manifest = { ...made, tables: [{ schema: 'sales', name: 'orders', rows: 1 }] };
const tables = [{ schema: undefined, name: 'orders' }];

type Asked = Partial<RestoreRequest>;

function check(asked: Asked, dump = manifest.dump): void {
  const all = { id, database: 'app', create: false, intoNonEmpty: false, applyGlobals: false };
  refuseContradictions({ ...all, selection: wholeBackup, ...asked }, { ...manifest, dump });
}

describe('what contradicts itself is refused', () => {
  test.each<[string, Asked]>([
    ['a database that is made', { intoSchema: 'x', create: true }],
    ['both', { intoSchema: 'x', renameExisting: true, selection: { ...wholeBackup, tables } }],
    ['rows alone, beside', { intoSchema: 'x', selection: { ...wholeBackup, part: 'data' } }],
    ['rows alone', { renameExisting: true, selection: { ...wholeBackup, tables, part: 'data' } }],
    ['no table', { renameExisting: true }],
    ['a schema', { renameExisting: true, selection: { ...wholeBackup, tables, schemas: ['sales'] } }],
    ['a part', { renameExisting: true, keepGoing: true, selection: { ...wholeBackup, tables } }],
    ['a new one', { renameExisting: true, create: true, selection: { ...wholeBackup, tables } }],
  ])('%s', (_name, asked) => expect(() => check(asked)).toThrow(UsageError));

  test.each([
    '',
    'public',
    'sales',
    'pg_temp',
    'PG_mine',
    'information_schema',
    'x'.repeat(64),
    'ü'.repeat(32),
    'a\0b',
  ])('a schema called %j', (intoSchema) =>
    expect(() => check({ intoSchema })).toThrow(/--into-schema cannot be this/),
  );

  test.each(['restored_20261126', 'Sales', 'a "b" c', 'x'.repeat(63), '--help'])(
    'not one called %j',
    (intoSchema) => expect(() => check({ intoSchema })).not.toThrow(),
  );

  test('plain SQL, from which nothing can be chosen', () => {
    const dump = { ...manifest.dump, format: 'plain' as const };
    expect(() => check({ intoSchema: 'x' }, dump)).toThrow(/plain SQL.*--create/);
    expect(() => check({}, dump)).not.toThrow();
  });
});
