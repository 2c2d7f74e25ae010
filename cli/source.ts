import { homedir } from 'node:os';
import { resolveConnection } from '../functions/shared/postgres/resolve-connection.ts';
import type { Source } from '../functions/shared/postgres/source.ts';
import { urlSource } from '../functions/shared/postgres/url-source.ts';

/** The server that `--source` or libpq's environment names; its name is `--name`, or the host's. */
export async function sourceFrom(text: string | undefined, name: string | undefined): Promise<Source> {
  const context = {
    env: process.env,
    home: homedir(),
    warn: (line: string) => process.stderr.write(`${line}\n`),
  };
  const [first] = resolveConnection(text, context);
  const host = first === undefined || first.host.startsWith('/') ? 'localhost' : first.host;
  return urlSource({ name: name ?? host, text, ...context });
}
