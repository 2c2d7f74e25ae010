/**
 * `npm run sbom [-- DIRECTORY]`: software bills of materials as CycloneDX in JSON, into dist/sbom: `pgproof.cdx.json` is the
 * npm package with all that it installs, `function-NAME.cdx.json` what is in a function's bundle, and `layer-….cdx.json` what is in
 * each layer that was built here.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { functionNames, packagesOfFunction } from '../build.ts';
import { billPath, writeBill } from '../layers/postgres/bill-of-materials.ts';

const root = path.join(import.meta.dirname, '..');
const into = path.resolve(process.argv[2] ?? path.join(root, 'dist/sbom'));
const layers = path.join(root, 'layers/postgres/build');

type Component = {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly 'bom-ref': string;
};
type Bill = {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
};

/** Everything that the lock file installs for a user, as the CycloneDX project's own tool sees it. */
function billOfPackage(): Bill {
  const tool = path.join(root, 'node_modules/@cyclonedx/cyclonedx-npm/bin/cyclonedx-npm-cli.js');
  const args = [
    '--package-lock-only',
    '--omit',
    'dev',
    '--output-reproducible',
    '--flatten-components',
    '--of',
    'JSON',
  ];
  const text = execFileSync(process.execPath, [tool, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return JSON.parse(text) as Bill;
}

/** Of all packages those that a bundle holds. @throws where the bundle holds one that the lock file has not */
function billOfBundle(whole: Bill, name: string, directories: readonly string[]): Bill {
  const held = directories.map((directory) => {
    const { name: called, version } = JSON.parse(
      readFileSync(path.join(root, directory, 'package.json'), 'utf8'),
    ) as { readonly name: string; readonly version: string };
    const found = whole.components.find(
      (one) => `${one.group ? `${one.group}/` : ''}${one.name}` === called && one.version === version,
    );
    if (found === undefined)
      throw new Error(`${called} ${version} is in the bundle ${name} and in no lock file`);
    return found;
  });
  const refs = new Set(held.map((one) => one['bom-ref']));
  const { component } = whole.metadata;
  return {
    ...whole,
    metadata: { ...whole.metadata, component: { ...component, name: `pgproof-function-${name}` } },
    components: whole.components.filter((one) => refs.has(one['bom-ref'])),
    dependencies: whole.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  };
}

function write(name: string, bill: object): void {
  writeFileSync(path.join(into, name), `${JSON.stringify(bill, null, 2)}\n`);
}

function directoriesIn(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

rmSync(into, { recursive: true, force: true });
mkdirSync(into, { recursive: true });
const whole = billOfPackage();
write('pgproof.cdx.json', whole);
for (const name of functionNames)
  write(`function-${name}.cdx.json`, billOfBundle(whole, name, await packagesOfFunction(name)));
for (const arch of directoriesIn(layers))
  for (const kind of directoriesIn(path.join(layers, arch)))
    for (const major of directoriesIn(path.join(layers, arch, kind, 'postgresql'))) {
      const layer = path.join(layers, arch, kind);
      await writeBill(layer, Number(major));
      copyFileSync(
        billPath(layer, Number(major)),
        path.join(into, `layer-postgresql-${major}-${kind}-${arch}.cdx.json`),
      );
    }
process.stdout.write(`${readdirSync(into).join('\n')}\n`);
