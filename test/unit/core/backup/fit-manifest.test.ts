import { expect, test } from 'vitest';
import { fitManifest, ManifestTooLarge } from '../../../../core/backup/fit-manifest.ts';
import { type Manifest, parseManifest, serialize } from '../../../../core/manifest/manifest.ts';

const manifest: Manifest = {
  formatVersion: 1,
  id: 's/d/2026-11-20T02-00-00Z',
  source: 's',
  database: 'd',
  startedAt: '2026-11-20T02:00:00.000Z',
  finishedAt: '2026-11-20T02:00:00.000Z',
  server: { version: '17.0', versionNum: 170_000, encoding: 'UTF8', inRecovery: false },
  dump: { pgDump: '17.0', format: 'custom', compression: 'none', jobs: 1, snapshot: '1' },
  globals: { rolePasswords: true },
  objects: [{ role: 'archive', name: 'archive.dump', bytes: 1, sha256: '0'.repeat(64) }],
  tables: [],
  extensions: [],
  catalog: [{ type: 'table', identity: 'public.t', digest: null }],
  catalogHasUses: true,
  databaseBytes: 0,
  pgproof: '0.1.0',
};
const long = 'x'.repeat(70 * 1024 * 1024);

test('a manifest that can be read again is written as it is', () => {
  expect(fitManifest(manifest)).toEqual({ manifest, bytes: serialize(manifest) });
});

test('of one that is too large the description of the objects is left out, and told', () => {
  const { manifest: smaller, bytes } = fitManifest({
    ...manifest,
    catalog: [{ type: 'table', identity: long, digest: null }],
  });
  expect(parseManifest(bytes, 'test')).toEqual(smaller);
  expect(smaller.catalog).toBeUndefined();
  expect(smaller.warnings?.[0]?.message).toContain('the definitions of 1 object were not recorded');
});

test('one whose tables are too many is no manifest', () => {
  expect(() => fitManifest({ ...manifest, tables: [{ schema: 'public', name: long, rows: 0 }] })).toThrow(
    ManifestTooLarge,
  );
});
