import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, test } from 'vitest';
import { functionNames } from '../../../build.ts';
import { billOfMaterials } from '../../../layers/postgres/bill-of-materials.ts';
import type { LayerManifest } from '../../../layers/postgres/layer-manifest.ts';

type Bill = {
  readonly components: readonly {
    readonly name: string;
    readonly group?: string;
    readonly version: string;
  }[];
};

const root = join(import.meta.dirname, '../../..');
const schema = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

async function expectValid(text: string): Promise<Bill> {
  expect(await schema.validate(text)).toBeNull();
  return JSON.parse(text) as Bill;
}

const manifest: LayerManifest = {
  recipe: 3,
  major: 17,
  version: '17.12-0+deb13u1',
  arch: 'arm64',
  kind: 'client',
  suite: 'trixie',
  extensions: [],
  locales: [],
  bytes: 1,
  packages: [
    {
      name: 'libstdc++6',
      version: '1:14.2.0-19+b1',
      architecture: 'arm64',
      sha256: 'ab'.repeat(32),
      license: 'licenses/libstdc++6',
    },
  ],
};

test("a layer's bill is valid CycloneDX, names every package as the distribution does, and is the same each time", async () => {
  const { components } = await expectValid(JSON.stringify(billOfMaterials(manifest)));
  expect(components).toMatchObject([
    {
      name: 'libstdc++6',
      purl: 'pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19%2Bb1?arch=arm64&distro=trixie',
      hashes: [{ alg: 'SHA-256', content: 'ab'.repeat(32) }],
    },
  ]);
  expect(billOfMaterials(manifest)).toEqual(billOfMaterials(structuredClone(manifest)));
  const [one] = manifest.packages;
  const ubuntu = { ...manifest, packages: one === undefined ? [] : [{ ...one, version: '1.2-3ubuntu4' }] };
  expect(JSON.stringify(billOfMaterials(ubuntu))).toContain('pkg:deb/ubuntu/');
});

test('npm run sbom: one bill for the package, one for each function with what is in its bundle, all valid', async () => {
  const into = await mkdtemp(join(tmpdir(), 'pgproof-sbom-'));
  try {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'tools/sbom.ts', into], { cwd: root });
    const files = (await readdir(into)).filter((name) => !name.startsWith('layer-'));
    const ofFunctions = functionNames.map((name) => `function-${name}.cdx.json`);
    expect(files.sort()).toEqual([...ofFunctions, 'pgproof.cdx.json'].sort());
    const names = async (file: string): Promise<string[]> =>
      (await expectValid(await readFile(join(into, file), 'utf8'))).components.map(({ group, name }) =>
        group ? `${group}/${name}` : name,
      );
    const whole = await names('pgproof.cdx.json');
    const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    expect(Object.keys(dependencies).filter((name) => !whole.includes(name))).toEqual([]);
    const backup = await names('function-backup.cdx.json');
    expect(backup).toEqual(expect.arrayContaining(['pg', 'zod', '@aws-sdk/client-s3']));
    // Neither what only the command needs, nor what builds and tests.
    expect(
      backup.filter((name) => /^(?:commander|aws-cdk-lib|vitest|typescript|esbuild)$/.test(name)),
    ).toEqual([]);
    expect(whole).not.toContain('vitest');
  } finally {
    await rm(into, { recursive: true, force: true });
  }
});
