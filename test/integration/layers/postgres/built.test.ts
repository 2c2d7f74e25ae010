import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withPrivateServer } from '../../../../core/postgres/server/private-server.ts';
import {
  architectures,
  buildRoot,
  type LayerKind,
  layerDirectory,
  layerKinds,
  programDirectory,
} from '../../../../layers/postgres/build-root.ts';
import { builtMajors } from '../../../../layers/postgres/built-majors.ts';
import {
  isCurrent,
  type LayerManifest,
  majorDirectory,
  readManifest,
} from '../../../../layers/postgres/layer-manifest.ts';
import { defaultLocales } from '../../../../layers/postgres/locales.ts';
import { findServerTools } from '../../../support/postgres/programs.ts';
import { runSql } from '../../../support/postgres/servers.ts';

type Built = { readonly layer: string; readonly directory: string; readonly manifest: LayerManifest };

/** What this machine has built of the current recipe, for both architectures. */
async function builtLayers(kind: LayerKind): Promise<Built[]> {
  const found: Built[] = [];
  for (const arch of architectures) {
    const layer = layerDirectory(buildRoot(), arch, kind);
    for (const major of await builtMajors(buildRoot(), arch, kind)) {
      const manifest = await readManifest(layer, major);
      if (manifest === undefined || !isCurrent(manifest, { extensions: undefined, locales: undefined }))
        continue;
      found.push({ layer, directory: majorDirectory(layer, major), manifest });
    }
  }
  return found;
}

describe('the layers of this machine', () => {
  it('are small', async () => {
    const bytesOf = new Map<string, number>();
    for (const { layer, manifest } of await builtLayers('client')) {
      bytesOf.set(layer, (bytesOf.get(layer) ?? 0) + manifest.bytes);
    }
    expect([...bytesOf].filter(([, bytes]) => bytes >= 60_000_000)).toEqual([]);
    const servers = (await builtLayers('server')).filter(
      ({ manifest }) => manifest.extensions.length === 0 && manifest.locales.length === defaultLocales.length,
    );
    const large = servers.filter(({ manifest }) => manifest.bytes >= 100_000_000);
    expect(large.map(({ directory }) => directory)).toEqual([]);
  });

  it('name every package with its sum and its licence', async () => {
    for (const { directory, manifest } of (await Promise.all(layerKinds.map(builtLayers))).flat()) {
      const names = manifest.packages.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['libc6', 'libpq5', `postgresql-client-${manifest.major}`]),
      );
      for (const { name, sha256, license } of manifest.packages) {
        expect([name, sha256]).toEqual([name, expect.stringMatching(/^[0-9a-f]{64}$/)]);
        expect((await stat(join(directory, license))).size, license).toBeGreaterThan(0);
      }
    }
  });

  it('have a server that needs neither locales nor time zones of the system', async () => {
    const { found } = await findServerTools();
    for (const { layer, manifest } of await builtLayers('server')) {
      const { major } = manifest;
      const tools = found.find(({ directory }) => directory === programDirectory(layer, major));
      if (tools === undefined) continue;
      expect(manifest.timeZones).toBe('layer');
      await withPrivateServer({ tools }, async ({ parameters }) => {
        for (const [name, locale] of [
          ['a', 'en_US.UTF-8'],
          ['b', 'C.UTF-8'],
          ['c', 'en_US.utf8'],
        ]) {
          await runSql(
            parameters,
            `CREATE DATABASE ${name} TEMPLATE template0 LOCALE '${locale}' ENCODING 'UTF8'`,
          );
        }
        await runSql({ ...parameters, database: 'a' }, `CREATE TABLE t (x text COLLATE "en_US")`);
        const [row] = await runSql(
          { ...parameters, database: 'a' },
          `SELECT 'a' < 'B' AS words, 'a' < 'B' COLLATE "C" AS bytes,
                  '2026-07-01 12:00'::timestamp AT TIME ZONE 'US/Pacific' = '2026-07-01T19:00Z' AS legacy,
                  pg_read_file('/proc/self/maps') LIKE '%/locale/en_US.utf8/LC_COLLATE%' AS locale`,
        );
        expect(row).toEqual({ words: true, bytes: false, legacy: true, locale: true });
      });
    }
  });
});
