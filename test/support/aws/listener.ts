import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Listener = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Destroys every connection and stops listening, as a machine that dies. */
  kill(): Promise<void>;
};

/** Listens on a free port of the loopback interface. */
export async function listen(listener: RequestListener): Promise<Listener> {
  const server = createServer(listener);
  // Node's own limits would end the stalls that tests ask for.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async kill() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
