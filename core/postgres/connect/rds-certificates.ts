import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { makeMarkedDirectorySync } from '../../scratch/leftovers.ts';
import { rdsAuthorities } from './rds-authorities.ts';
import { rdsBundleName } from './rds-hosts.ts';

type Bundle = { readonly file: string; readonly remove: () => void };

let bundle: Bundle | undefined;

/**
 * The path of a PEM file with AWS's authorities, for libpq and for node alike. Servers show a certificate of an authority
 * that is in AWS's global bundle and in no system's store; it carries the endpoint's name, so verify-full works (RDS User
 * Guide, "Using SSL/TLS with a PostgreSQL DB instance"). Written once per process, and again if a cleaner of /tmp took
 * it; removed at exit.
 */
export function rdsRootCertFile(): string {
  if (bundle !== undefined && existsSync(bundle.file)) return bundle.file;
  if (bundle === undefined) process.once('exit', removeRdsRootCertFile);
  removeRdsRootCertFile();
  bundle = writeBundle();
  return bundle.file;
}

/** For a process that goes on after its last connection. */
export function removeRdsRootCertFile(): void {
  bundle?.remove();
  bundle = undefined;
}

function writeBundle(): Bundle {
  const directory = makeMarkedDirectorySync(tmpdir());
  const calmWatch = watchForOrphans({ paths: [directory] });
  const file = join(directory, rdsBundleName);
  writeFileSync(file, rdsAuthorities().join(''), { mode: 0o600 });
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
    calmWatch();
  };
  return { file, remove };
}
