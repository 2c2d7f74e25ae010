import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { stop } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import {
  buildCli,
  buildFunctions,
  buildLayerBuilder,
  buildLib,
  companions,
  functionNames,
} from '../../build.ts';
import { temporaryDirectory } from '../support/stack/stack.ts';

const repository = path.join(import.meta.dirname, '../..');

// esbuild's service would live as long as this process.
afterAll(stop);

/** Runs a module in a fresh process, away from the repository and its node_modules. */
function load(file: string, expression: string): string {
  const script = `import * as module from ${JSON.stringify(pathToFileURL(file).href)}; console.log(${expression});`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: path.dirname(file),
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env.PATH, AWS_REGION: 'eu-central-1' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

test('each function is one file that needs no other, its source map, and what starts it', async () => {
  const directory = temporaryDirectory();
  writeFileSync(path.join(directory, 'package.json'), '{}');
  await buildFunctions(directory);
  for (const name of functionNames) {
    const beside = (companions[name] ?? []).map((file) => path.basename(file));
    expect(readdirSync(path.join(directory, name)).sort()).toEqual(
      ['index.mjs', 'index.mjs.map', ...beside].sort(),
    );
    for (const file of beside)
      expect(statSync(path.join(directory, name, file)).mode & 0o777).toBe(
        file.endsWith('.sh') ? 0o755 : 0o644,
      );
    expect(load(path.join(directory, name, 'index.mjs'), 'typeof module.handler')).toBe('function');
  }
});

test('what was left in the directory of a function is not deployed', async () => {
  const directory = temporaryDirectory();
  await buildFunctions(directory, ['verify']);
  writeFileSync(path.join(directory, 'verify/leftover.txt'), '');
  await buildFunctions(directory, ['verify']);
  expect(readdirSync(path.join(directory, 'verify'))).not.toContain('leftover.txt');
});

test('the command can be executed', async () => {
  const directory = temporaryDirectory();
  await buildCli(directory);
  const file = path.join(directory, 'pgproof.js');
  expect(readdirSync(directory)).toContain('rds-authorities.json');
  expect(readFileSync(file, 'utf8').match(/^#!.*$/gm)).toEqual(['#!/usr/bin/env node']);
  expect(statSync(file).mode & 0o777).toBe(0o755);
});

test('the package exports the construct', async () => {
  const directory = temporaryDirectory();
  symlinkSync(path.join(repository, 'node_modules'), path.join(directory, 'node_modules'));
  await buildLib(path.join(directory, 'lib'));
  expect(load(path.join(directory, 'lib/index.js'), 'Object.keys(module).sort().join()')).toBe(
    'AlertTopic,BackupBucket,BackupCopy,BackupLog,BackupRetention,ClientLayer,LayerUnavailable,PostgresBackup,ServerLayer',
  );
});

test('the builder of the layers runs without a TypeScript loader', async () => {
  const directory = temporaryDirectory();
  await buildLayerBuilder(directory);
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(directory, 'build.js'), '--arch', 'sparc'],
    { cwd: directory, encoding: 'utf8', timeout: 30_000 },
  );
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: '--arch: sparc (expected x86_64 or arm64). Correct it.\n',
  });
});
