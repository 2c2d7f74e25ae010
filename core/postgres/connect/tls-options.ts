import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { messageOf } from '../../errors.ts';
import { ConnectionFailed } from './connection-failed.ts';
import type { ConnectionParameters } from './parameters.ts';

/**
 * node's options for what libpq does at the given sslmode (the manual, "SSL Support"): with a file of
 * authorities the chain is verified in every mode, without one only where the mode says so; the server's name
 * in verify-full only.
 * @throws ConnectionFailed when a file that is needed cannot be read
 */
export function tlsOptions({ host, hostAddress, tls }: ConnectionParameters): ConnectionOptions {
  const verifies = tls.mode === 'verify-ca' || tls.mode === 'verify-full';
  const authorities = rootCertificates(tls.rootCert, verifies);
  const rejectUnauthorized = verifies || authorities !== undefined;
  return {
    rejectUnauthorized,
    // The certificate is for `host`, whatever address it was reached by. An IP address is no server name (RFC 6066).
    ...(hostAddress === undefined ? {} : { host, ...(isIP(host) === 0 ? { servername: host } : {}) }),
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(tls.mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.cert === undefined ? {} : { cert: needed(tls.cert, 'client certificate (sslcert)') }),
    ...(tls.cert === undefined || tls.key === undefined
      ? {}
      : { key: needed(tls.key, "client certificate's key (sslkey)") }),
    ...(tls.keyPassword === undefined ? {} : { passphrase: tls.keyPassword }),
    ...(tls.revocationList === undefined || authorities === undefined
      ? {}
      : { crl: needed(tls.revocationList, 'revocation list (sslcrl)') }),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
  };
}

/** `system`, where no file of the system's was found, leaves node with the list that it has inside. */
function rootCertificates(path: string | undefined, verifies: boolean): Buffer | undefined {
  if (path === 'system') return undefined;
  if (path !== undefined && (verifies || statSync(path, { throwIfNoEntry: false }) !== undefined)) {
    return needed(path, 'file of trusted authorities (sslrootcert)');
  }
  if (!verifies) return undefined;
  throw new ConnectionFailed({
    reason: 'certificate-file',
    problem: {
      what: 'The certificate of the server is to be verified, and nothing says which authority to trust',
      fix: "Name the PEM file of the server's authority with sslrootcert, or use sslrootcert=system for a public one.",
    },
  });
}

function needed(path: string, title: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConnectionFailed(
      {
        reason: 'certificate-file',
        problem: {
          what: `The ${title} cannot be read`,
          got: messageOf(cause),
          fix: 'Correct the path or its mode.',
        },
      },
      { cause },
    );
  }
}
