import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { connectionFailed } from '../../../../../core/postgres/connect/connection-failed.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { bundledAuthorities, rdsAuthorities } from '../../../../../core/postgres/connect/rds-authorities.ts';
import {
  rdsRootCertFile,
  removeRdsRootCertFile,
} from '../../../../../core/postgres/connect/rds-certificates.ts';
import {
  isRdsHost,
  regionOf,
  regionWithoutAuthority,
} from '../../../../../core/postgres/connect/rds-hosts.ts';
import { fixture } from '../../../../support/postgres/tls-fixtures.ts';

const nothingElse = { env: {}, files: [] };
const yearMs = 366 * 86_400_000;

test('the authorities were taken from AWS within a year: otherwise run `npm run authorities`', () => {
  const taken = Date.parse(bundledAuthorities().published);
  expect(taken).toBeLessThan(Date.now());
  expect(Date.now() - taken).toBeLessThan(yearMs);
});

test('each is valid, an authority, made by AWS, and there once', () => {
  const all = rdsAuthorities(nothingElse);
  for (const one of all) {
    expect(one.ca).toBe(true);
    expect(one.subject).toMatch(/Amazon RDS|O=Amazon\b|Starfield Services/);
    expect(one.verify(one.publicKey)).toBe(true);
    expect(Date.parse(one.validTo)).toBeGreaterThan(Date.now() + yearMs);
  }
  expect(new Set(all.map(({ fingerprint256 }) => fingerprint256)).size).toBe(all.length);
  // RDS Proxy's certificates are those of AWS Certificate Manager.
  expect(all.filter(({ subject }) => subject.includes('CN=Amazon Root CA'))).toHaveLength(4);
});

test.each([
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-south-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-central-1',
  'ca-west-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
])('%s has authorities of all three kinds of keys', (region) => {
  const kinds = rdsAuthorities(nothingElse).flatMap(
    ({ subject }) => new RegExp(`CN=Amazon RDS ${region} Root CA (\\w+) G\\d`).exec(subject)?.[1] ?? [],
  );
  expect(kinds.sort()).toEqual(['ECC384', 'RSA2048', 'RSA4096']);
});

test.each([
  ['db.abc123.eu-west-1.rds.amazonaws.com', 'eu-west-1'],
  ['app.cluster-ro-abc.us-gov-west-1.rds.amazonaws.com.', 'us-gov-west-1'],
  ['DB.ABC.CN-NORTH-1.RDS.AMAZONAWS.COM.CN', 'cn-north-1'],
  ['proxy.proxy-abc.ap-southeast-7.rds.amazonaws.com', 'ap-southeast-7'],
  ['db.example.com', undefined],
  ['db.eu-west-1.rds.amazonaws.com.evil.example', undefined],
])('%s is of %s', (host, region) => {
  expect(regionOf(host)).toBe(region);
  expect(isRdsHost(host)).toBe(region !== undefined);
});

test('what the runtime carries and NODE_EXTRA_CA_CERTS names is trusted too, unless it has expired', () => {
  const ours = rdsAuthorities(nothingElse).length;
  const authority = new X509Certificate(readFileSync(fixture('authority.pem')));
  const fingerprints = (around: Parameters<typeof rdsAuthorities>[0]): string[] =>
    rdsAuthorities(around).map(({ fingerprint256 }) => fingerprint256);
  const ofRuntime = fingerprints({ env: {}, files: [fixture('authority.pem')] });
  expect(ofRuntime).toHaveLength(ours + 1);
  expect(ofRuntime).toContain(authority.fingerprint256);
  expect(fingerprints({ env: { NODE_EXTRA_CA_CERTS: fixture('authority.pem') }, files: [] })).toEqual(
    ofRuntime,
  );
  // A certificate of a server is none that signs others; and what is not there is left out, as node does.
  for (const file of ['expired.pem', 'server.pem', 'server.key', 'nowhere.pem'])
    expect(fingerprints({ env: { NODE_EXTRA_CA_CERTS: fixture(file) }, files: [] })).toHaveLength(ours);
  expect(rdsAuthorities({ ...nothingElse, now: new Date('2200-01-01') })).toEqual([]);
});

function refused(host: string, rootCert: string | undefined): string {
  const parameters: ConnectionParameters = {
    host,
    port: 5432,
    user: 'me',
    database: 'app',
    tls: { mode: 'verify-full', rootCert },
    connectTimeoutSeconds: 10,
  };
  const error = Object.assign(new Error('self-signed certificate in certificate chain'), {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  });
  return connectionFailed(parameters, error).message;
}

test('a region without an authority is named, with what to do', () => {
  try {
    const bundle = rdsRootCertFile();
    expect(refused('db.abc.xx-new-9.rds.amazonaws.com', bundle)).toMatch(
      /no authority of RDS for the region xx-new-9.*xx-new-9-bundle\.pem.*sources\[\]\.caFile.*sslrootcert/,
    );
    expect(refused('db.abc.cn-north-1.rds.amazonaws.com.cn', bundle)).toMatch(
      /region cn-north-1.*RDS User Guide of that partition.*caFile/,
    );
    // What is no file of ours, or is gone, says nothing.
    expect(regionWithoutAuthority('db.abc.xx-new-9.rds.amazonaws.com', undefined)).toBeUndefined();
    expect(
      regionWithoutAuthority('db.abc.xx-new-9.rds.amazonaws.com', '/x/rds-global-bundle.pem'),
    ).toBeUndefined();
    // Where the region has one, or the user named a file, something else is wrong.
    expect(refused('db.abc.il-central-1.rds.amazonaws.com', bundle)).toMatch(
      /not signed by an authority that is/,
    );
    expect(refused('db.abc.cn-north-1.rds.amazonaws.com.cn', '/etc/own.pem')).not.toContain(
      'no authority of RDS',
    );
  } finally {
    removeRdsRootCertFile();
  }
});

test("the file for libpq and node holds them all, and Amazon's public roots are those that node has", () => {
  const inNode = new Set(rootCertificates.map((one) => new X509Certificate(one).fingerprint256));
  const ours = rdsAuthorities(nothingElse).map(({ fingerprint256 }) => fingerprint256);
  expect(ours.filter((one) => inNode.has(one))).toHaveLength(5);
  try {
    const text = readFileSync(rdsRootCertFile(), 'utf8');
    const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    const inFile = new Set(found.map((one) => new X509Certificate(one).fingerprint256));
    expect(ours.filter((one) => !inFile.has(one))).toEqual([]);
  } finally {
    removeRdsRootCertFile();
  }
});
