import { homedir } from 'node:os';
import { checkSourceName } from '../core/config/source-name.ts';
import { resolveConnection } from '../core/postgres/libpq/resolve-connection.ts';
import type { Source } from '../core/source/source.ts';
import { urlSource } from '../core/source/url-source.ts';
import { tell } from './output/edge.ts';

/** The server that `--source` or libpq's environment names; its name is `--name`, or the host's. @throws UsageError */
export function sourceFrom(text: string | undefined, name: string | undefined): Source {
  const context = { env: process.env, home: home(), warn: warnOnce() };
  const [first] = resolveConnection(text, context);
  const host = first === undefined || first.host.startsWith('/') ? 'localhost' : first.host;
  checkSourceName(name ?? host);
  return urlSource({ name: name ?? host, text, ...context });
}

/** A process may have none: a user id without an entry in /etc/passwd, and no HOME. */
function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/** The connection is settled anew for every database; what is wrong with a file is said once. */
function warnOnce(): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) tell(process.stderr, [line]);
    said.add(line);
  };
}
