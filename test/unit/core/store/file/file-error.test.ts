import { expect, test } from 'vitest';
import { fromFileSystem } from '../../../../../core/store/file/file-error.ts';
import { StoreUnusable } from '../../../../../core/store/store.ts';

const where = 'file:///backups/shop';

function told(code: string, work: 'list' | 'read' | 'write' | 'delete'): string {
  const error = Object.assign(new Error(`${code}: no`), { code, syscall: 'open' });
  const ours = fromFileSystem(error, where, work);
  expect(ours).toBeInstanceOf(StoreUnusable);
  return ours.message;
}

test.each(['EACCES', 'EPERM'])('%s names what was done, and the right that this takes', (code) => {
  expect(told(code, 'list')).toMatch(
    /may not be listed \(listing file:\/\/\/backups\/shop\).*right to read and enter/,
  );
  expect(told(code, 'read')).toMatch(/The file may not be read \(reading .*right to read it \(r\)/);
  expect(told(code, 'write')).toMatch(/may not be written to \(writing .*right to write to it/);
  expect(told(code, 'delete')).toMatch(/may not be deleted \(deleting .*right to write to the directory/);
  for (const work of ['list', 'read'] as const) expect(told(code, work)).not.toContain('write');
});

test('a full disk and a read-only one say what they kept from being done', () => {
  expect(told('ENOSPC', 'write')).toMatch(/The disk is full \(writing .*Nothing half-written was left/);
  expect(told('ENOSPC', 'delete')).toMatch(/The disk is full \(deleting /);
  expect(told('ENOSPC', 'delete')).not.toContain('half-written');
  expect(told('EROFS', 'write')).toContain('The file system is read-only (writing ');
  expect(told('EROFS', 'delete')).toContain('The file system is read-only (deleting ');
});

test('nobody wanted to make a directory that is listed', () => {
  expect(told('ENOENT', 'list')).not.toContain('cannot be made');
  expect(told('ENOENT', 'write')).toContain('cannot be made');
});
