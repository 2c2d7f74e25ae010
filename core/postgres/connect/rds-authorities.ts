import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the authorities come from, and when somebody last took them from AWS. `npm run authorities` takes them anew. */
type Bundle = {
  readonly source: string;
  readonly published: string;
  readonly newest: string;
  /** Each as DER in base64. */
  readonly certificates: readonly string[];
};

/**
 * A file beside this module, and beside every bundle that has it, instead of a part of the bundle: Lambda compiles all of
 * that at every cold start, and only who connects to RDS needs the certificates.
 */
export function bundledAuthorities(): Bundle {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'rds-authorities.json'), 'utf8')) as Bundle;
}

/** What AWS's own Node.js runtime carries: the authorities of its region, in regions too that no bundle of ours knows. */
const lambdaFile = '/var/runtime/ca-cert.pem';
const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export type Surroundings = {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Files of authorities that may be there. Default: what Lambda's runtime carries. */
  readonly files?: readonly string[] | undefined;
  readonly now?: Date | undefined;
};

/**
 * AWS's authorities for RDS: ours, those that Lambda's runtime carries, and those in the file that NODE_EXTRA_CA_CERTS
 * names, each once and only while it is valid. A file that is not there or cannot be read is left out, as node does.
 */
export function rdsAuthorities(around: Surroundings = {}): X509Certificate[] {
  const { env = process.env, files = [lambdaFile], now = new Date() } = around;
  const extra = env.NODE_EXTRA_CA_CERTS;
  const found = new Map<string, X509Certificate>();
  for (const certificate of [
    ...bundledAuthorities().certificates.map((one) => new X509Certificate(Buffer.from(one, 'base64'))),
    ...[...files, ...(extra ? [extra] : [])].flatMap(certificatesIn),
  ]) {
    const isValid = Date.parse(certificate.validFrom) <= +now && +now < Date.parse(certificate.validTo);
    if (isValid && certificate.ca) found.set(certificate.fingerprint256, certificate);
  }
  return [...found.values()];
}

function certificatesIn(file: string): X509Certificate[] {
  if (!existsSync(file)) return [];
  try {
    return (readFileSync(file, 'utf8').match(pem) ?? []).map((one) => new X509Certificate(one));
  } catch {
    return [];
  }
}
