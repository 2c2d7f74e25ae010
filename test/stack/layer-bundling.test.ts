import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { machineArchitecture } from '../../layers/postgres/build-root.ts';
import { canFetchTools } from '../../layers/postgres/fetch-programs.ts';
import { ClientLayer } from '../../lib/layer.ts';
import { bundle } from '../support/run/bundles.ts';
import { configuration, resources, stackFrom, temporaryDirectory, testApp } from '../support/stack/stack.ts';

const repositoryBuild = path.join(import.meta.dirname, '../../layers/postgres/build');
const newest = 18;

let root = '';
// Files of this project share their modules: what is mocked must be loaded anew, here and after this file.
vi.hoisted(() => vi.resetModules());
vi.mock('../../lib/package-root.ts', () => ({ packageRoot: () => root }));
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  vi.doUnmock('../../lib/package-root.ts');
  vi.resetModules();
});

function emptyPackage(): string {
  const directory = temporaryDirectory();
  mkdirSync(path.join(directory, 'dist/layers/postgres'), { recursive: true });
  writeFileSync(path.join(directory, 'package.json'), '{"name":"pgproof","type":"module"}');
  return directory;
}

/**
 * A package whose builder is the real one. It has a copy of what this repository has built, so that nothing is fetched
 * where that is recent, and other tests' programs are left alone where it is not.
 */
async function packageWithLayers(arch: string): Promise<string> {
  const directory = emptyPackage();
  cpSync(await bundle('layer-builder'), path.join(directory, 'dist/layers/postgres'), { recursive: true });
  const build = path.join(directory, 'layers/postgres/build');
  mkdirSync(build, { recursive: true });
  for (const part of [`${arch}/client/postgresql/${newest}`, `.checked/${arch}-client-${newest}`]) {
    const from = path.join(repositoryBuild, part);
    if (existsSync(from)) cpSync(from, path.join(build, part), { recursive: true, preserveTimestamps: true });
  }
  return directory;
}

/** The asset of the one layer of a new stack. */
function bundledAsset(architecture: Architecture): string {
  const stack = new Stack(testApp(), 'S');
  new ClientLayer(stack, 'Clients', { architecture, majors: [newest] });
  const outdir = Stage.of(stack)?.outdir ?? '';
  const assets = readdirSync(outdir).filter((name) => existsSync(path.join(outdir, name, 'postgresql')));
  expect(assets).toHaveLength(1);
  return path.join(outdir, assets[0] ?? '');
}

test('what the real builder made is the asset: it runs, and has the same hash from another place', async () => {
  const arch = machineArchitecture();
  if (arch === undefined || !(await canFetchTools())) {
    // Elsewhere a container does it, which layer-code.test.ts is about.
    expect(await canFetchTools()).toBe(false);
    return;
  }
  const architecture = arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
  root = await packageWithLayers(arch);
  const asset = bundledAsset(architecture);
  expect(readdirSync(path.join(asset, 'postgresql'))).toEqual([String(newest)]);
  const own = path.join('postgresql', String(newest));
  const manifest = JSON.parse(readFileSync(path.join(asset, own, 'manifest.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({ major: newest, kind: 'client', arch });
  const program = path.join(asset, own, `usr/lib/postgresql/${newest}/bin/pg_dump`);
  expect(execFileSync(program, ['--version'], { encoding: 'utf8', env: {} })).toMatch(
    new RegExp(`^pg_dump \\(PostgreSQL\\) ${newest}\\b`),
  );
  const first = root;
  root = emptyPackage();
  for (const part of ['dist', 'layers'])
    cpSync(path.join(first, part), path.join(root, part), { recursive: true });
  expect(path.basename(bundledAsset(architecture))).toBe(path.basename(asset));
}, 60_000);

test('where no layer can be built the template asks for both, and cannot be deployed before', () => {
  root = emptyPackage();
  writeFileSync(path.join(root, 'dist/layers/postgres/build.js'), 'process.exit(1);');
  vi.stubEnv('PATH', temporaryDirectory());
  vi.stubEnv('CDK_DOCKER', undefined);
  const stack = stackFrom(configuration({ layer: {}, verify: {}, restore: { enabled: true } }));
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Lambda::LayerVersion', 0);
  for (const name of ['ClientLayerArn', 'ServerLayerArn'])
    expect(template.findParameters(name)[name]).toEqual({
      Type: 'String',
      Description: expect.stringContaining('it could not be built at synth'),
    });
  const layers = Object.entries(resources(template, 'AWS::Lambda::Function')).map(([name, { Layers }]) => [
    name,
    Layers,
  ]);
  expect(Object.fromEntries(layers)).toEqual({
    ordersprodBackupFunction: [{ Ref: 'ClientLayerArn' }],
    ordersprodRestoreFunction: [{ Ref: 'ClientLayerArn' }],
    ordersprodVerifyFunction: [{ Ref: 'ServerLayerArn' }],
  });
  const warnings = Annotations.fromStack(stack).findWarning(
    '/Pgproof',
    Match.stringLikeRegexp(
      'neither Debian nor Ubuntu .*; and in a container: .*Run this on Debian or Ubuntu',
    ),
  );
  expect(warnings).toHaveLength(2);
});
