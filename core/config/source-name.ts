import { UsageError } from '../errors.ts';

/** What the configuration takes as a source's name: also a segment of keys and of log groups, without encoding. */
export const sourceNamePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Refuses a name under which backups would lie where the store has something else: the status page lies at `status/`,
 * beside the sources. However it is written, as there are file systems that see no difference.
 * @throws UsageError
 */
export function checkSourceName(name: string): void {
  if (name.toLowerCase() !== 'status') return;
  throw new UsageError({
    what: 'A source cannot be called so',
    got: JSON.stringify(name),
    expected: 'another name than status, where the status page lies in a store',
    fix: 'Choose another one, such as orders-prod; the command takes it from --name.',
  });
}

/** PostgreSQL's own: a name goes without it. */
const usualPort = 5432;
/** What a container is called where nobody names it: another one at each start, so no name for anything. */
const containerName = /^[0-9a-f]{12}$/;

/** What a server is called whose backups nobody gave a name. */
export type DefaultNames = {
  /** By its host and port, so that two on one machine are two. */
  readonly name: string;
  /** As older versions called it: by its host alone, and every socket `localhost`. */
  readonly former: string;
};

/**
 * @param server.host as libpq has it; the directory of a socket begins with a slash
 * @param machine the name of this one, which is the server's where the connection is a socket
 */
export function defaultNames(
  { host, port }: { readonly host: string; readonly port: number },
  machine: string,
): DefaultNames {
  const former = host.startsWith('/') ? 'localhost' : host;
  const isNamed = machine !== '' && !containerName.test(machine);
  const base = host.startsWith('/') && isNamed ? machine : former;
  return { name: port === usualPort ? base : `${base}-${port}`, former };
}
