import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withConnection } from '../../../../../core/postgres/connect/connect.ts';

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const ready = message('Z', Buffer.from('I'));
/** 32767 of them are said to follow. */
const tooMany = Buffer.from([0x7f, 0xff, 0, 0]);

test.each([
  ['a row', message('D', tooMany)],
  ['a description of rows', message('T', tooMany)],
])('%s that cannot be read fails the query, and nothing else', async (_, nonsense) => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-un-'));
  const answers = [
    Buffer.concat([message('R', Buffer.alloc(4)), ready]),
    Buffer.concat([message('C', Buffer.from('SELECT 1\0')), ready]),
    nonsense,
  ];
  const server = createServer((socket) => {
    let asked = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      socket.write(answers[asked] ?? '');
      asked += 1;
    });
  }).listen(join(directory, '.s.PGSQL.5432'));
  try {
    await once(server, 'listening');
    const parameters = {
      host: directory,
      port: 5432,
      user: 'somebody',
      database: 'something',
      password: undefined,
      tls: { mode: 'disable' },
      connectTimeoutSeconds: 5,
    } as const;
    const asking = withConnection(parameters, {}, (client) => client.query('select 1'));
    await expect(asking).rejects.toThrow("the server's answer cannot be read: ");
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
});
