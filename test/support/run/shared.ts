import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../../core/errors.ts';

/** Makes something that all test files of a run share, and says how to reach it. */
export type Maker = (name: string) => Promise<unknown>;

export type SharedService = {
  /** Socket of the small HTTP server that answers `GET /<kind>/<name>`. */
  readonly address: string;
  readonly close: () => Promise<void>;
};

/**
 * Things that are made once for the whole run, when the first test asks: test files run in processes of their own,
 * which end before the others are done, so what they share belongs to the main process.
 */
export async function serveShared(
  directory: string,
  makers: Readonly<Record<string, Maker>>,
): Promise<SharedService> {
  const made = new Map<string, Promise<unknown>>();
  const makeOnce = (path: string): Promise<unknown> => {
    const [, kind = '', name = ''] = path.split('/');
    const make = makers[kind];
    if (make === undefined) return Promise.reject(new Error(`Nobody makes ${path}`));
    const thing = made.get(path) ?? make(name);
    made.set(path, thing);
    return thing;
  };
  const http = createServer((asked, response) => {
    makeOnce(asked.url ?? '').then(
      (thing) => response.end(JSON.stringify(thing)),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  const address = join(directory, 'shared');
  await listen(http, address);
  return {
    address,
    close: async () => {
      http.closeAllConnections();
      http.close();
      await Promise.allSettled(made.values());
    },
  };
}

/** What the maker of this kind made of this name. */
export function askShared<T>(address: string, kind: string, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that was kept is dead after a while in which this process was busy.
    const asked = request({ socketPath: address, path: `/${kind}/${name}`, agent: false }, (response) => {
      text(response).then(
        (body) => (response.statusCode === 200 ? resolve(JSON.parse(body) as T) : reject(new Error(body))),
        reject,
      );
    });
    asked.on('error', reject).end();
  });
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}
