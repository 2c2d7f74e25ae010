import type { Client } from 'pg';
import { withConnection } from '../connect/connect.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { encodingOf, withHelperDatabase } from './helper-database.ts';

/** A session in which the statements of globals.sql make the very names, byte by byte, that they had at the source. */
export type GlobalsSession = {
  readonly client: Client;
  /** globals.sql, written so that this session sends its bytes. */
  readonly sql: string;
  /** What of `sql`, or of the server's answers, people can read. */
  readonly readable: (text: string) => string;
  /** Of the database that was backed up, in which it reads names. */
  readonly encoding: string;
};

/**
 * Opens one. A session whose database has the encoding of the one that was backed up sends the bytes as they are. Where
 * the database at hand has another, the names would be converted, and the archive would ask for the roles in vain: then
 * a database in LATIN1 is made for it, to which every byte is a letter.
 *
 * @param options.encoding of the database that was backed up
 */
export async function withGlobalsSession<T>(
  target: ConnectionParameters,
  globals: Buffer,
  { encoding, signal }: { readonly encoding: string; readonly signal: AbortSignal },
  use: (session: GlobalsSession) => Promise<T>,
): Promise<T> {
  const decode = nameDecoder(encoding);
  const sql = decode(globals);
  const direct = { sql, encoding, readable: (text: string): string => text };
  const isDirect = await withConnection(target, { signal }, async (client) => {
    if (isAscii(globals)) return true;
    // Of these two nothing is lost on the way through text.
    const isExact = encoding === 'LATIN1' || (encoding === 'UTF8' && Buffer.from(sql).equals(globals));
    return isExact && (await encodingOf(client)) === encoding;
  });
  if (isDirect) return await withConnection(target, { signal }, (client) => use({ ...direct, client }));
  const session = {
    sql: globals.toString('latin1'),
    encoding,
    readable: (text: string): string => (isLatin1(text) ? decode(Buffer.from(text, 'latin1')) : text),
  };
  return await withHelperDatabase(target, { encoding: 'LATIN1', signal }, (database) =>
    withConnection(target, { database, signal }, (client) => use({ ...session, client })),
  );
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function isLatin1(text: string): boolean {
  return /^[\u0000-\u00ff]*$/.test(text);
}
