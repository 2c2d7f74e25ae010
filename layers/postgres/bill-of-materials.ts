import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LayerManifest, readManifest } from './layer-manifest.ts';

/** Beside what is deployed, not in it: `postgresql-17.cdx.json` in the layer's directory. */
export function billPath(layer: string, major: number): string {
  return join(layer, `postgresql-${major}.cdx.json`);
}

/**
 * The distribution's packages of which something is in a built major, as CycloneDX 1.6 in JSON. No time and no random
 * number is in it: the same layer has the same bill.
 */
export function billOfMaterials(manifest: LayerManifest): object {
  const { major, version, arch, kind, suite, packages } = manifest;
  // The manifest names the release only; Ubuntu marks the packages that it changed.
  const vendor = packages.some((one) => one.version.includes('ubuntu')) ? 'ubuntu' : 'debian';
  const distribution = suite === 'own' ? '' : `&distro=${encodeURIComponent(suite)}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': 'layer',
        name: `pgproof-layer-postgresql-${major}-${kind}-${arch}`,
        version,
      },
    },
    components: packages.map((one) => {
      const purl = `pkg:deb/${vendor}/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?arch=${one.architecture}${distribution}`;
      return {
        type: 'library',
        'bom-ref': purl,
        name: one.name,
        version: one.version,
        purl,
        hashes: [{ alg: 'SHA-256', content: one.sha256 }],
        licenses: [{ license: { name: `the text in ${one.license} of the layer` } }],
      };
    }),
    dependencies: [],
  };
}

/**
 * Writes the bill of a built major where it is missing or says something else.
 * @throws where it cannot be written
 */
export async function writeBill(layer: string, major: number): Promise<void> {
  const manifest = (await readManifest(layer, major)) as LayerManifest | undefined;
  if (manifest === undefined) return;
  const path = billPath(layer, major);
  const text = `${JSON.stringify(billOfMaterials(manifest), null, 2)}\n`;
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  // Two builders may be at it; both write the same.
  const own = `${path}.${process.pid}`;
  await writeFile(own, text);
  await rename(own, path);
}
