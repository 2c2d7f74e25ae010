import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { fixture } from '../postgres/tls-fixtures.ts';

/** One mail as it came over the wire. */
export type ReceivedMail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly raw: string;
};

export type MailServer = {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** How many connections there were. */
  readonly connections: () => number;
  /** Whatever a client said of a password, over TLS or not. */
  readonly passwords: readonly string[];
  close(): Promise<void>;
};

export type MailWishes = SMTPServerOptions & {
  readonly password?: string;
  /** Of test/fixtures/tls/. Default: `server`. */
  readonly certificate?: 'server' | 'wrong-name' | 'expired';
  /** The answer to a recipient, an attempt counted from 1; undefined takes it. */
  readonly refuse?: (address: string, attempt: number) => { code: number; words: string } | undefined;
};

export function refusing(code: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode: code });
}

/** A real SMTP server on a free port of 127.0.0.1. By default with a certificate for localhost. */
export async function startMailServer(wishes: MailWishes = {}): Promise<MailServer> {
  const { password, refuse, certificate = 'server', ...options } = wishes;
  const mails: ReceivedMail[] = [];
  const passwords: string[] = [];
  const attempts = new Map<string, number>();
  let connections = 0;
  const server = new SMTPServer({
    key: readFileSync(fixture(`${certificate}.key`)),
    cert: readFileSync(fixture(`${certificate}.pem`)),
    authOptional: true,
    logger: false,
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onAuth: (auth, _session, done) => {
      passwords.push(auth.password ?? '');
      if (auth.password === password) done(null, { user: auth.username });
      else done(refusing(535, `no, not with ${auth.password}`));
    },
    onRcptTo: ({ address }, _session, done) => {
      const attempt = (attempts.get(address) ?? 0) + 1;
      attempts.set(address, attempt);
      const answer = refuse?.(address, attempt);
      done(answer && refusing(answer.code, answer.words));
    },
    onData: (stream, session, done) => {
      void text(stream).then((raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : undefined,
          isSecure: session.secure,
          raw,
        });
        done();
      });
    },
    ...options,
  });
  // Clients that do not trust it, and those that go away in the middle, are what is tried out.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    connections: () => connections,
    passwords,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A header's value, unfolded, its encoded words decoded (RFC 2047); undefined where there is none. */
export function headerOf({ raw }: ReceivedMail, name: string): string | undefined {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const value = new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
  return value
    ?.replace(/\?= =\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_word, kind: string, data: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(data, 'base64').toString()
        : unquoted(data.replaceAll('_', ' ')),
    );
}

/** The text of a mail that has one part. */
export function textOf(mail: ReceivedMail): string {
  const body = mail.raw.slice(mail.raw.indexOf('\r\n\r\n') + 4);
  const encoding = headerOf(mail, 'Content-Transfer-Encoding');
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString().replaceAll('\r\n', '\n');
  if (encoding === 'quoted-printable') return unquoted(body.replace(/=\r\n/g, '')).replaceAll('\r\n', '\n');
  return body.replaceAll('\r\n', '\n');
}

function unquoted(data: string): string {
  const bytes = data.replace(/=([\dA-F]{2})/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
