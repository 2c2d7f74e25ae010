import { isIP } from 'node:net';
import { isHost, noHost } from '../../config/host.ts';
import { UsageError } from '../../errors.ts';
import type { Settings } from './keywords.ts';
import type { LocalFiles } from './local-files.ts';

export type HostEntry = { readonly host: string; readonly hostAddress?: string; readonly port: number };

const defaultPort = 5432;
// Compiled into libpq: Debian's and Red Hat's packages use the first, a build from source the second.
const socketDirectories = ['/var/run/postgresql', '/tmp'];

/**
 * The servers that `host`, `hostaddr` and `port` name, in order. One port serves all hosts; several must be as
 * many as the hosts.
 * @throws UsageError which repeats nothing that may be a piece of a password
 */
export function hostEntries(settings: Settings, files: LocalFiles): HostEntry[] {
  const names = list(settings.host);
  const addresses = list(settings.hostaddr);
  const ports = list(settings.port);
  if (names.some((name) => name !== '' && !isHost(name))) throw new UsageError(noHost);
  if (addresses.some((address) => address !== '' && isIP(address.replace(/%[\w.-]+$/, '')) === 0)) {
    // node would ask the name service for it; libpq takes addresses only.
    throw new UsageError({
      what: 'The hostaddr is not an IP address',
      expected: 'an address such as 10.0.0.5 or ::1',
      fix: 'Give a name in host instead.',
    });
  }
  const count = addresses.length || names.length || 1;
  if (addresses.length > 0 && names.length > 0 && addresses.length !== names.length) {
    throw new UsageError({
      what: 'The numbers of host names and of host addresses differ',
      got: `${names.length} in host, ${addresses.length} in hostaddr`,
      fix: 'Give one address for each host.',
    });
  }
  if (ports.length > 1 && ports.length !== count) {
    throw new UsageError({
      what: 'The numbers of hosts and of ports differ',
      got: `${count} hosts, ${ports.length} ports`,
      fix: 'Give one port for all hosts, or one for each.',
    });
  }
  return Array.from({ length: count }, (_, index) => {
    const port = portNumber(ports.length === 1 ? ports[0] : ports[index]);
    const hostAddress = addresses[index] || undefined;
    const host = names[index] || hostAddress || defaultSocketDirectory(port, files);
    return hostAddress === undefined || hostAddress === host ? { host, port } : { host, hostAddress, port };
  });
}

function list(value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(',');
}

function portNumber(text: string | undefined): number {
  if (text === undefined || text === '') return defaultPort;
  const trimmed = text.trim();
  const port = /^\d{1,5}$/.test(trimmed) ? Number(trimmed) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError({
    // What does not look like a number may be a part of a password that was not percent-encoded.
    what: 'The port is not a port',
    got: /^-?\d+$/.test(trimmed) ? trimmed : 'something that is no number',
    expected: 'a number from 1 to 65535',
    fix: 'Correct the port; in a URL, percent-encode special characters of the password (/ is %2F, @ is %40).',
  });
}

function defaultSocketDirectory(port: number, files: LocalFiles): string {
  const alive = socketDirectories.find((path) => files.stat(`${path}/.s.PGSQL.${port}`) !== undefined);
  if (alive !== undefined) return alive;
  return socketDirectories.find((path) => files.stat(path) !== undefined) ?? '/tmp';
}
