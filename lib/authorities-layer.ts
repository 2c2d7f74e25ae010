import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

const directory = 'pgproof';
const file = 'authorities.pem';

/** Where a function finds the authorities that its source names: the layer is mounted at /opt. */
export const authoritiesPath = `/opt/${directory}/${file}`;

/**
 * The certificate authorities of a server, as a layer: a file is too large for a function's variables. Only the
 * certificates of the file are taken.
 * @param caFile a PEM file on the machine that deploys
 * @throws where it cannot be read, holds no certificate, or a private key
 */
export function authoritiesLayer(scope: Construct, id: string, caFile: string): LayerVersion {
  const certificates = certificatesIn(caFile);
  return new LayerVersion(scope, id, {
    description: 'pgproof: certificate authorities of a PostgreSQL server',
    code: Code.fromAsset(path.dirname(path.resolve(caFile)), {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        // Never started: what there is to do is done here.
        image: DockerImage.fromRegistry('scratch'),
        local: {
          tryBundle: (output) => {
            mkdirSync(path.join(output, directory), { recursive: true });
            writeFileSync(path.join(output, directory, file), certificates.join('\n'));
            return true;
          },
        },
      },
    }),
  });
}

function certificatesIn(caFile: string): string[] {
  const refuse = (got: string, fix: string): never => {
    throw new Error(
      `The file of certificate authorities cannot be used: ${caFile} ${got} (expected a PEM file with the authority of the server). ${fix}`,
    );
  };
  let text = '';
  try {
    text = readFileSync(caFile, 'utf8');
  } catch (error: unknown) {
    refuse(
      error instanceof Error ? error.message : String(error),
      'Correct caFile; it is relative to where cdk is run.',
    );
  }
  if (text.includes('PRIVATE KEY'))
    refuse('holds a private key', 'Take it out: only certificates belong there.');
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0)
    refuse('holds no certificate', 'Download the bundle of your region, or ask who runs the server.');
  return found.map((pem) => {
    try {
      return new X509Certificate(pem).toString();
    } catch {
      return refuse('holds a certificate that cannot be read', 'Download it again.');
    }
  });
}
