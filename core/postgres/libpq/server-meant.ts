const address = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const address6 = /^(?=(?:.*:){2})[\da-f:]+$/i;
/** Hardly any database has a dot in its name with letters behind it; the name of a server that is whole always has. */
const fullName =
  /^(?=.{4,253}$)(?:[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?\.)+\p{L}[\p{L}\p{M}\p{N}-]+\.?$/u;
const word = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u;

/**
 * The URL of the server that is probably meant where the name of a database may stand: `db.example.com`, `10.0.0.5`,
 * `localhost:5432/app`. Undefined where it may well be a database, or where a part of it may be a password: of what this
 * returns every part is a name, an address or a number of the ports that PostgreSQL uses.
 */
export function serverMeant(text: string): string | undefined {
  if (address6.test(text)) return `postgresql://[${text}]`;
  const [, hosts = ''] = /^([^/]+)(?:\/[\p{L}\p{N}_.-]*)?$/u.exec(text) ?? [];
  return hosts.split(',').every(isServer) ? `postgresql://${text}` : undefined;
}

function isServer(text: string): boolean {
  const [, host = '', port] = /^(\[[\da-f:]+\]|[^:]*)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (address.test(host) || fullName.test(host) || isLocal(host) || host.startsWith('[')) return true;
  // A word with a number behind it may be a role with its password.
  return port !== undefined && word.test(host) && /^(?:543\d|6432)$/.test(port);
}

function isLocal(host: string): boolean {
  return host.toLowerCase() === 'localhost';
}
