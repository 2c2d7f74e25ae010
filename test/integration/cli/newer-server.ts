import { createConnection, createServer } from 'node:net';
import { Transform } from 'node:stream';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { runSql } from '../../support/postgres/servers.ts';

/** A proxy before a real server that answers as if it were of another major: nobody has a server of version 99. */
export async function withNewerServer<T>(
  parameters: ConnectionParameters,
  major: number,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const [row] = await runSql<{ num: string }>(
    parameters,
    `select current_setting('server_version_num') as num`,
  );
  const real = row?.num ?? '';
  const told = `${major}${real.slice(2)}`;
  const server = createServer((socket) => {
    const onward = createConnection(parameters.port, parameters.host);
    for (const end of [socket, onward]) {
      end.on('error', () => {
        socket.destroy();
        onward.destroy();
      });
    }
    // The same length, so that no message changes its own; a test's answers are small and come whole.
    const disguise = new Transform({
      transform: (chunk: Buffer, _encoding, done) =>
        done(null, Buffer.from(chunk.toString('latin1').replaceAll(real, told), 'latin1')),
    });
    socket.pipe(onward).pipe(disguise).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    return await use(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    server.close();
  }
}
