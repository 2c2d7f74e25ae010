import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixture } from '../support/postgres/tls-fixtures.ts';
import { configuration, resources, templateOf } from '../support/stack/stack.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'pgproof-authorities-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Function = { readonly Layers: readonly unknown[]; readonly Environment: { readonly Variables: object } };

test('the authorities of a source reach the functions that connect to its server, and no other', () => {
  const config = configuration({ restore: { enabled: true } }, { caFile: fixture('authority.pem') });
  const functions = resources(templateOf(config), 'AWS::Lambda::Function') as Record<string, Function>;
  const named = (part: string): Function | undefined =>
    Object.entries(functions).find(([name]) => name.includes(part))?.[1];
  for (const name of ['BackupFunction', 'RestoreFunction']) {
    expect(named(name)?.Layers).toHaveLength(2);
    expect(named(name)?.Environment.Variables).toMatchObject({
      PGPROOF_SSLROOTCERT: '/opt/pgproof/authorities.pem',
    });
  }
  expect(named('VerifyFunction')?.Layers).toHaveLength(1);
});

test('without them there is neither layer nor variable', () => {
  const functions = resources(templateOf(configuration()), 'AWS::Lambda::Function') as Record<
    string,
    Function
  >;
  expect(JSON.stringify(functions)).not.toContain('SSLROOTCERT');
});

test.each([
  [
    'a private key',
    `${readFileSync(fixture('server.pem'), 'utf8')}${readFileSync(fixture('server.key'), 'utf8')}`,
    /holds a private key/,
  ],
  ['no certificate', 'nothing', /holds no certificate/],
  ['half a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /cannot be read/],
])('a file with %s is refused, and nothing of it shown', (_, text, told) => {
  const file = path.join(directory, 'ca.pem');
  writeFileSync(file, text);
  expect(() => templateOf(configuration({}, { caFile: file }))).toThrow(told);
  expect(() => templateOf(configuration({}, { caFile: file }))).not.toThrow(/AAAA|PRIVATE KEY-/);
});

test('a file that is not there is named', () => {
  expect(() => templateOf(configuration({}, { caFile: path.join(directory, 'no.pem') }))).toThrow(
    /no\.pem.*ENOENT/,
  );
  expect(readdirSync(directory)).toEqual([]);
});
