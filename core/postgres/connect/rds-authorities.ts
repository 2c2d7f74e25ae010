import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import bundle from './rds-authorities.json' with { type: 'json' };

/** Where the authorities come from, and when somebody last took them from AWS. `npm run authorities` takes them anew. */
export const authoritiesOrigin = {
  source: bundle.source,
  published: bundle.published,
  newest: bundle.newest,
} as const;

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
    ...bundle.certificates.map((one) => new X509Certificate(Buffer.from(one, 'base64'))),
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

/** The region of the host, where no authority of it is known. */
export function regionWithoutAuthority(host: string, around: Surroundings = {}): string | undefined {
  const region = regionOf(host);
  if (region === undefined) return undefined;
  const name = `CN=Amazon RDS ${region} Root CA `;
  return rdsAuthorities(around).some(({ subject }) => subject.includes(name)) ? undefined : region;
}

/** Where AWS offers the authorities of a region (RDS User Guide, "Using SSL/TLS to encrypt a connection to a DB instance"). */
export function whereToDownload(region: string): string {
  const page = 'see "Using SSL/TLS to encrypt a connection" in the RDS User Guide of that partition';
  return /^(?:cn|us-gov|us-iso|eusc)/.test(region)
    ? page
    : `https://truststore.pki.rds.amazonaws.com/${region}/${region}-bundle.pem`;
}
