import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { recipe } from '../../layers/postgres/layer-manifest.ts';
import { allLocales } from '../../layers/postgres/locales.ts';
import { recordCheck } from '../../layers/postgres/mirror-check.ts';
import { parseRequest } from '../../layers/postgres/request.ts';
import { ServerLayer } from '../../lib/layer.ts';
import { LayerUnavailable } from '../../lib/layer-code.ts';
import { bundle } from '../support/run/bundles.ts';
import { resources, temporaryDirectory, testApp } from '../support/stack/stack.ts';

/** A package root with a builder that does what `script` says, as lib/ finds it beside an installed package. */
function packageWith(script: string): string {
  const root = temporaryDirectory();
  mkdirSync(path.join(root, 'dist/layers/postgres'), { recursive: true });
  writeFileSync(path.join(root, 'dist/layers/postgres/build.js'), script);
  writeFileSync(path.join(root, 'package.json'), '{"name":"pgproof","type":"module"}');
  return root;
}

/** Makes what the builder would, and keeps its arguments. */
const works = `
import { mkdirSync, writeFileSync } from 'node:fs';
const major = process.argv[process.argv.indexOf('--major') + 1];
const layer = process.cwd() + '/built';
for (const one of [major, '14']) {
  mkdirSync(layer + '/postgresql/' + one, { recursive: true });
  writeFileSync(layer + '/postgresql/' + one + '/manifest.json', '{}');
}
writeFileSync(process.cwd() + '/arguments', JSON.stringify(process.argv.slice(2)));
process.stdout.write(layer + '\\n');
`;
const fails = 'process.exit(1);';

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

function makeLayer(extensions: readonly string[] = []): Stack {
  const stack = new Stack(testApp(), 'S');
  new ServerLayer(stack, 'Server', { architecture: Architecture.ARM_64, major: 17, extensions });
  return stack;
}

/** PATH without apt-get, and with a docker that writes down how it was called. */
function withoutApt(docker: string): string {
  const directory = temporaryDirectory();
  const program = path.join(directory, 'docker');
  writeFileSync(program, docker);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', directory);
  vi.stubEnv('CDK_DOCKER', program);
  return directory;
}

test('what the machine builds is the asset: the major that was asked for, and no other', () => {
  root = packageWith(works);
  const stack = makeLayer(['pgvector']);
  expect(JSON.parse(readFileSync(path.join(root, 'arguments'), 'utf8'))).toEqual([
    '--major',
    '17',
    '--arch',
    'arm64',
    '--max-age-days',
    '7',
    '--server',
    '--extension=pgvector',
    '--locale=C.UTF-8',
  ]);
  expect(resources(Template.fromStack(stack), 'AWS::Lambda::LayerVersion')).toHaveProperty('Server');
  const outdir = Stage.of(stack)?.outdir ?? '';
  const assets = readdirSync(outdir).filter((name) => existsSync(path.join(outdir, name, 'postgresql')));
  expect(assets.map((name) => readdirSync(path.join(outdir, name, 'postgresql')))).toEqual([['17']]);
});

test('the same content has the same hash, wherever and whenever it was built', () => {
  const hashes = [works, `${works}// another builder`].map((script) => {
    root = packageWith(script);
    const template = Template.fromStack(makeLayer());
    return JSON.stringify(resources(template, 'AWS::Lambda::LayerVersion').Server?.Content);
  });
  expect(hashes[0]).toBe(hashes[1]);
});

test('where there is no apt-get the very same script runs in a container', () => {
  root = packageWith(fails);
  // Docker's part: the directory that is mounted at /asset-output gets what the script would make.
  const directory = withoutApt(`#!${process.execPath}
const { mkdirSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
writeFileSync(__dirname + '/arguments', JSON.stringify(args));
const output = args.find((one) => one.includes(':/asset-output')).split(':')[0];
mkdirSync(output + '/postgresql/17', { recursive: true });
writeFileSync(output + '/postgresql/17/manifest.json', '{}');
`);
  makeLayer();
  const args = JSON.parse(readFileSync(path.join(directory, 'arguments'), 'utf8')) as string[];
  const image = 'node:24-trixie-slim';
  const command = args.slice(args.indexOf(image) + 1);
  expect(args).toEqual([
    // As the user who deploys, so that the asset is theirs.
    'run',
    '--rm',
    '-u',
    `${process.getuid?.()}:${process.getgid?.()}`,
    '-v',
    `${path.join(root, 'dist/layers/postgres')}:/asset-input:delegated`,
    '-v',
    expect.stringMatching(/^\/.*:\/asset-output:delegated$/),
    '-w',
    '/asset-input',
    image,
    'bash',
    '-c',
    command[2],
    'bash',
    '--major',
    '17',
    '--arch',
    'arm64',
    '--max-age-days',
    '7',
    '--server',
    '--extension=none',
    '--locale=C.UTF-8',
  ]);
  expect(command[2]).toBe(
    'node /asset-input/build.js --into /tmp/layers "$@" && cp -r /tmp/layers/arm64/server/postgresql /asset-output/',
  );
  // The script as a shell reads it: `node` is called with every argument as it is.
  const said = execFileSync('/bin/bash', [
    '-c',
    (command[2] ?? '').replace(/^node \S+/, 'printf "%s\\n"').replace(/&&.*/, ''),
    ...command.slice(3),
  ]);
  expect(said.toString().trim().split('\n')).toEqual(['--into', '/tmp/layers', ...command.slice(4)]);
});

test('a stack that CDK is told not to bundle builds nothing', () => {
  root = packageWith(fails);
  const app = testApp({ 'aws:cdk:bundling-stacks': [] });
  const stack = new Stack(app, 'S');
  new ServerLayer(stack, 'Server', { architecture: Architecture.ARM_64, major: 17 });
  expect(resources(Template.fromStack(stack), 'AWS::Lambda::LayerVersion')).toHaveProperty('Server');
});

test('where neither works, one message says what to do', () => {
  root = packageWith(fails);
  withoutApt('#!/bin/sh\nexit 125\n');
  expect(() => makeLayer()).toThrow(LayerUnavailable);
  expect(() => makeLayer()).toThrow(
    /neither Debian nor Ubuntu \(no apt-get\); and in a container: .*Run this on Debian or Ubuntu/s,
  );
});

test('a build that fails on Debian is told, and not tried in a container', () => {
  root = packageWith(fails);
  // What the stack catches, to ask for a layer's ARN instead: not CDK's own error around it.
  expect(() => makeLayer()).toThrow(LayerUnavailable);
  expect(() => makeLayer()).toThrow(/the builder ended with exit status 1, see above/);
});

test('the builder takes an extension that is left out, wherever in the list it is named', () => {
  root = packageWith(works);
  makeLayer(['-postgis_raster', 'postgis']);
  const words = JSON.parse(readFileSync(path.join(root, 'arguments'), 'utf8')) as string[];
  expect(parseRequest(words)).toMatchObject({ extensions: ['-postgis_raster', 'postgis'] });
});

test('the real builder understands the call, and what it says it has is the asset', async () => {
  root = packageWith('');
  cpSync(await bundle('layer-builder'), path.join(root, 'dist/layers/postgres'), { recursive: true });
  // A layer that is there already and was just compared with the mirror: nothing is fetched.
  const into = path.join(root, 'layers/postgres/build');
  const layer = path.join(into, 'arm64/server/postgresql/17');
  const programs = path.join(layer, 'usr/lib/postgresql/17/bin');
  mkdirSync(programs, { recursive: true });
  writeFileSync(path.join(programs, 'postgres'), '#!/bin/sh\n', { mode: 0o755 });
  const wish = { extensions: ['-postgis_raster', 'postgis'], locales: allLocales(['de_DE.UTF-8']) };
  const about = { recipe, major: 17, version: '17.12', arch: 'arm64', kind: 'server', bytes: 10 };
  writeFileSync(path.join(layer, 'manifest.json'), JSON.stringify({ ...about, ...wish, packages: [] }));
  await recordCheck({ into, arch: 'arm64', kind: 'server', major: 17 }, new Date());

  const stack = new Stack(testApp(), 'S');
  new ServerLayer(stack, 'Server', {
    architecture: Architecture.ARM_64,
    major: 17,
    extensions: wish.extensions,
    locales: ['de_DE.UTF-8'],
  });
  const outdir = Stage.of(stack)?.outdir ?? '';
  const copies = readdirSync(outdir)
    .map((name) => path.join(outdir, name, 'postgresql/17/usr/lib/postgresql/17/bin/postgres'))
    .filter((name) => existsSync(name));
  expect(copies.map((name) => statSync(name).mode & 0o777)).toEqual([0o755]);
});

/** Makes more than Lambda takes, of holes that need no room on the disk. */
const tooLarge = (bytes: number): string => `
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
const layer = process.cwd() + '/built/postgresql/17/usr';
mkdirSync(layer, { recursive: true });
writeFileSync(layer + '/large', '');
truncateSync(layer + '/large', ${bytes});
process.stdout.write(process.cwd() + '/built\\n');
`;

test('a layer that Lambda would refuse is refused at synth', () => {
  root = packageWith(tooLarge(262_144_000));
  expect(() => makeLayer(['postgis'])).toThrow(
    /server layer 17 with postgis is too large for Lambda: got 262 MB unpacked .*Leave majors or extensions out/s,
  );
});

test('also where a container built it', () => {
  root = packageWith(fails);
  withoutApt(`#!${process.execPath}
const { mkdirSync, truncateSync, writeFileSync } = require('node:fs');
const output = process.argv.find((one) => one.includes(':/asset-output')).split(':')[0];
mkdirSync(output + '/postgresql/17', { recursive: true });
writeFileSync(output + '/postgresql/17/large', '');
truncateSync(output + '/postgresql/17/large', 262144000);
`);
  expect(() => makeLayer()).toThrow(/server layer 17 is too large for Lambda/);
});

test('and where it was built before', () => {
  const directory = temporaryDirectory();
  const programs = path.join(directory, 'postgresql/17/usr/lib/postgresql/17/bin');
  mkdirSync(programs, { recursive: true });
  writeFileSync(path.join(programs, 'postgres'), '');
  truncateSync(path.join(programs, 'postgres'), 262_144_000);
  const make = (): ServerLayer =>
    new ServerLayer(new Stack(testApp(), 'S'), 'Server', {
      architecture: Architecture.ARM_64,
      major: 17,
      directory,
    });
  expect(make).toThrow(/server layer 17 is too large for Lambda/);
});
