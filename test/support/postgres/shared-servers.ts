import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { startServer } from './programs.ts';

/** How tests reach a shared server. */
export type TestServer = {
  readonly major: number;
  readonly version: string;
  readonly pid: number;
  readonly parameters: ConnectionParameters;
  readonly tcpParameters: ConnectionParameters;
};

export type SharedServers = {
  readonly start: (major: string) => Promise<TestServer>;
  readonly stop: () => Promise<void>;
};

/** One server per major for the whole run; they lie in `parent`. */
export function sharedServers(parent: string): SharedServers {
  const running: Promise<PrivateServer>[] = [];
  return {
    start: async (name) => {
      const settings = { max_connections: '200' };
      const starting = startServer({ major: Number(name), parent, tcp: true, settings });
      running.push(starting);
      const { major, version, pid, parameters, tcpParameters } = await starting;
      if (tcpParameters === undefined) throw new Error('the server does not listen on TCP');
      return { major, version, pid, parameters, tcpParameters };
    },
    stop: async () => {
      const ended = await Promise.allSettled(running.map(async (server) => (await server).stop()));
      const failed = ended.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}
