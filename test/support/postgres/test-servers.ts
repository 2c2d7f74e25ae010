import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import type { FoundTools } from '../../../core/postgres/programs/tools.ts';
import { type PrivateServer, startPrivateServer } from '../../../core/postgres/server/private-server.ts';

/** How tests reach a shared server. */
export type TestServer = {
  readonly major: number;
  readonly version: string;
  readonly pid: number;
  readonly parameters: ConnectionParameters;
  readonly tcpParameters: ConnectionParameters;
};

export type TestServers = {
  /** Socket of the small HTTP server that answers `GET /<major>` with a {@link TestServer}. */
  readonly address: string;
  readonly close: () => Promise<void>;
};

/**
 * One server per major for the whole test run, started when the first test asks: test files run in processes of
 * their own, which end before the others are done, so the servers belong to the main process.
 */
export async function serveTestServers(tools: readonly FoundTools[]): Promise<TestServers> {
  const running = new Map<number, Promise<PrivateServer>>();
  const startOnce = (major: number): Promise<PrivateServer> => {
    const found = tools.find((one) => one.major === major);
    if (found === undefined) throw new Error(`PostgreSQL ${major} is not among the versions that are tested`);
    const server =
      running.get(major) ??
      startPrivateServer({ tools: found, tcp: true, settings: { max_connections: '200' } });
    running.set(major, server);
    return server;
  };

  const directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  const address = join(directory, 'servers');
  const http = createServer((request, response) => {
    answer(startOnce, request.url ?? '').then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  await listen(http, address);

  return {
    address,
    close: async () => {
      http.closeAllConnections();
      http.close();
      const ended = await Promise.allSettled(
        [...running.values()].map(async (server) => (await server).stop()),
      );
      await rm(directory, { recursive: true, force: true });
      const failed = ended.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

async function answer(start: (major: number) => Promise<PrivateServer>, path: string): Promise<TestServer> {
  const { major, version, pid, parameters, tcpParameters } = await start(Number(path.slice(1)));
  if (tcpParameters === undefined) throw new Error('the server does not listen on TCP');
  return { major, version, pid, parameters, tcpParameters };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}
