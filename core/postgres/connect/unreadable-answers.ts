import type { Duplex } from 'node:stream';
import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';

type Reader = (bytes: Buffer) => void;

/**
 * node-postgres reads in the socket's own event. What it cannot read (a message longer than a text may be, which SQL can
 * raise; what a hostile server makes up) it throws there, and the whole process would end. So it ends the connection, and
 * what was asked on it fails.
 */
export function endAtUnreadableAnswers(client: Client): void {
  const inner: unknown = Reflect.get(client, 'connection');
  const connection = inner as { attachListeners: (stream: Duplex) => void };
  const attach = connection.attachListeners.bind(connection);
  connection.attachListeners = (stream) => {
    const others = new Set(stream.listeners('data'));
    attach(stream);
    const readers = stream.listeners('data').filter((listener) => !others.has(listener)) as Reader[];
    for (const read of readers) {
      stream.off('data', read);
      stream.on('data', (bytes: Buffer) => {
        try {
          read(bytes);
        } catch (error: unknown) {
          stream.destroy(
            new Error(`the server's answer cannot be read: ${messageOf(error)}`, { cause: error }),
          );
        }
      });
    }
  };
}
