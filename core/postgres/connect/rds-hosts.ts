import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** The name of the file with AWS's authorities, as rds-certificates.ts writes it. */
export const rdsBundleName = 'rds-global-bundle.pem';

/**
 * Endpoints of RDS, Aurora and RDS Proxy end in `.rds.amazonaws.com`, in China in `.rds.amazonaws.com.cn` (AWS General
 * Reference, "Amazon RDS endpoints and quotas").
 */
export function isRdsHost(host: string): boolean {
  return /\.rds\.amazonaws\.com(\.cn)?\.?$/i.test(host);
}

/** The region in an endpoint's name: `db.abc.eu-central-1.rds.amazonaws.com`. */
export function regionOf(host: string): string | undefined {
  return /\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.rds\.amazonaws\.com(?:\.cn)?\.?$/i.exec(host)?.[1]?.toLowerCase();
}

/**
 * The region of the host, where the file of AWS's authorities that it was verified against has none of it. Undefined also
 * where it was another file: then something else is wrong. It is read from the file, so that a function which connects
 * to no RDS need not carry the authorities.
 */
export function regionWithoutAuthority(host: string, rootCert: string | undefined): string | undefined {
  const region = regionOf(host);
  if (region === undefined || rootCert === undefined || basename(rootCert) !== rdsBundleName)
    return undefined;
  const name = `CN=Amazon RDS ${region} Root CA `;
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
  try {
    const found = readFileSync(rootCert, 'utf8').match(pem) ?? [];
    return found.some((one) => new X509Certificate(one).subject.includes(name)) ? undefined : region;
  } catch {
    // The file went meanwhile: then the certificate was not refused for want of an authority.
    return undefined;
  }
}

/** Where AWS offers the authorities of a region (RDS User Guide, "Using SSL/TLS to encrypt a connection to a DB instance"). */
export function whereToDownload(region: string): string {
  const page = 'see "Using SSL/TLS to encrypt a connection" in the RDS User Guide of that partition';
  return /^(?:cn|us-gov|us-iso|eusc)/.test(region)
    ? page
    : `https://truststore.pki.rds.amazonaws.com/${region}/${region}-bundle.pem`;
}
