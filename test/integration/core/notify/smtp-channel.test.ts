import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { composeAlert, type Outcome } from '../../../../core/notify/alert.ts';
import { AlertNotSent } from '../../../../core/notify/notifier.ts';
import { type SmtpPatience, smtpChannel } from '../../../../core/notify/smtp-channel.ts';
import type { SmtpOptions } from '../../../../core/notify/smtp-options.ts';
import {
  headerOf,
  type MailServer,
  type MailWishes,
  refusing,
  startMailServer,
  textOf,
} from '../../../support/mail/smtp-server.ts';
import { fixture } from '../../../support/postgres/tls-fixtures.ts';

const authorities = readFileSync(fixture('authority.pem'), 'utf8');
const quick: SmtpPatience = { waitsSeconds: [0.05, 0.05], attemptSeconds: 3 };
const canary = 'Pässword-canary-1';

const outcome: Outcome = {
  result: 'failed',
  work: 'backup',
  source: 'orders-prod',
  database: 'Kunden „Süd“',
  store: 'file:///backups',
  at: new Date('2026-11-20T02:03:00Z'),
  what: 'pg_dump ended with exit status 1: Verbindung beendet …',
  words: `.\n..\nFrom me\n${'long '.repeat(400)}`,
  fix: "Look at the server's log.",
};
const alert = composeAlert(outcome);

let started: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(started.map((end) => end()));
  started = [];
});

async function mailServer(wishes?: MailWishes): Promise<MailServer> {
  const server = await startMailServer(wishes);
  started.push(() => server.close());
  return server;
}

/** A server of our own for what a real one does not do. */
async function oddServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  started.push(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const optionsFor = (port: number, more: Partial<SmtpOptions> = {}): SmtpOptions => ({
  host: 'localhost',
  port,
  security: 'starttls',
  allowUnencrypted: false,
  from: 'pgproof@example.com',
  to: ['ops@example.com'],
  authorities,
  ...more,
});

const send = (port: number, more?: Partial<SmtpOptions>, limits = quick): Promise<void> =>
  smtpChannel(optionsFor(port, more), limits).publish(alert);

async function failureOf(sending: Promise<void>): Promise<AlertNotSent> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AlertNotSent)) throw new Error(`expected AlertNotSent, got ${String(error)}`);
  expect(error.message).toContain(alert.text.slice(0, 40));
  return error;
}

test.each(['starttls', 'tls'] as const)(
  'a mail with %s, password and all, as it was meant',
  async (security) => {
    const server = await mailServer({ secure: security === 'tls', password: canary });
    await send(server.port, {
      security,
      user: 'db',
      password: canary,
      to: ['ops@example.com', 'jürgen@example.com'],
    });
    const [mail] = server.mails;
    if (mail === undefined) throw new Error('no mail');
    expect(mail).toMatchObject({
      from: 'pgproof@example.com',
      to: ['ops@example.com', 'jürgen@example.com'],
      user: 'db',
      isSecure: true,
    });
    expect(headerOf(mail, 'Subject')).toBe(alert.title);
    expect(alert.title).toContain('Kunden „Süd“');
    expect(textOf(mail).trimEnd()).toBe(alert.text);
    expect(headerOf(mail, 'Content-Type')).toMatch(/^text\/plain; charset=utf-8/);
    expect(headerOf(mail, 'Auto-Submitted')).toBe('auto-generated');
    expect(headerOf(mail, 'Message-ID')).toMatch(/^<[\da-f-]{36}@example\.com>$/);
    expect(Math.abs(Date.parse(headerOf(mail, 'Date') ?? '') - Date.now())).toBeLessThan(60_000);
    expect(mail.raw).not.toMatch(/^List-/im);
    // RFC 5321: no line is longer.
    expect(Math.max(...mail.raw.split('\r\n').map((line) => line.length))).toBeLessThan(998);
  },
);

test("this machine's own server, without TLS", async () => {
  const server = await mailServer({ disabledCommands: ['STARTTLS', 'AUTH'] });
  await send(server.port, { host: '127.0.0.1', security: 'none', authorities: undefined });
  expect(server.mails).toMatchObject([{ isSecure: false, to: ['ops@example.com'] }]);
});

test('names make no header and no command', async () => {
  const server = await mailServer();
  const evil = 'x\r\nBcc: all@example.com\r\n\r\n.\r\nRCPT TO:<all@example.com>';
  const channel = smtpChannel(optionsFor(server.port), quick);
  await channel.publish(composeAlert({ ...outcome, source: evil, database: evil, what: evil }));
  const [mail] = server.mails;
  expect(server.mails).toHaveLength(1);
  expect(mail?.to).toEqual(['ops@example.com']);
  expect(mail && headerOf(mail, 'Bcc')).toBeUndefined();
  expect(mail && headerOf(mail, 'Subject')).toContain('Bcc: all@example.com');
});

test('one that is refused does not keep it from the others, and is told', async () => {
  const server = await mailServer({
    refuse: (address) => (address === 'gone@example.com' ? { code: 550, words: 'no such user' } : undefined),
  });
  const error = await failureOf(send(server.port, { to: ['gone@example.com', 'ops@example.com'] }));
  expect(server.mails).toMatchObject([{ to: ['ops@example.com'] }]);
  expect(error.problem.what).toBe(
    'The alert could not be mailed by localhost to gone@example.com (ops@example.com got it)',
  );
  expect(error.problem.got).toContain('no such user');
  expect(error.problem.fix).toContain('notify.smtp.to');
});

test('greylisting: asked again, and only for those who have not got it', async () => {
  const server = await mailServer({
    refuse: (address, attempt) =>
      address === 'slow@example.com' && attempt < 3
        ? { code: 451, words: 'greylisted, come again' }
        : undefined,
  });
  await send(server.port, { to: ['ops@example.com', 'slow@example.com'] });
  expect(server.mails.map(({ to }) => to)).toEqual([['ops@example.com'], ['slow@example.com']]);
  const ids = server.mails.map((mail) => headerOf(mail, 'Message-ID'));
  expect(ids[0]).toBe(ids[1]);
});

test('greylisting without end ends', async () => {
  const server = await mailServer({ refuse: () => ({ code: 451, words: 'greylisted' }) });
  const error = await failureOf(send(server.port, { to: ['a@example.com', 'b@example.com'] }));
  expect(server.connections()).toBe(3);
  expect(error.problem.what).toContain('to a@example.com, b@example.com');
});

test('a refusal for good is not tried again', async () => {
  const server = await mailServer({
    onMailFrom: (_address, _session, done) => done(refusing(553, 'not as you')),
  });
  const error = await failureOf(send(server.port));
  expect(server.connections()).toBe(1);
  expect(error.problem.fix).toContain('notify.smtp.from');
});

test('the whole message is refused at its end', async () => {
  const server = await mailServer({
    onData: (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => done(refusing(554, 'looks like spam')));
    },
  });
  expect((await failureOf(send(server.port))).problem.got).toContain('looks like spam');
  expect(server.connections()).toBe(1);
});

test('a wrong password is told without it, also where the server repeats it', async () => {
  const server = await mailServer({ password: 'another' });
  const error = await failureOf(send(server.port, { user: 'db', password: canary }));
  expect(server.passwords).toEqual([canary]);
  expect(error.message).not.toContain('canary');
  expect(error.message).not.toContain(Buffer.from(canary).toString('base64'));
  expect(error.problem.got).toContain('***');
  expect(error.problem.fix).toContain('notify.smtp.password');
});

test('no STARTTLS, or one that was stripped on the way: nothing is sent in the clear', async () => {
  const server = await mailServer({
    disabledCommands: ['STARTTLS'],
    password: canary,
    allowInsecureAuth: true,
  });
  const error = await failureOf(send(server.port, { user: 'db', password: canary }));
  expect(server.passwords).toEqual([]);
  expect(server.mails).toEqual([]);
  expect(error.problem.fix).toContain('Nothing was sent in the clear');
});

test.each([
  ['an authority that nobody trusts', 'server', undefined],
  ['a name that is not on the certificate', 'wrong-name', authorities],
  ['a certificate that has expired', 'expired', authorities],
] as const)('%s: nothing is sent', async (_what, certificate, trusted) => {
  for (const security of ['starttls', 'tls'] as const) {
    const server = await mailServer({ secure: security === 'tls', password: canary, certificate });
    const error = await failureOf(
      send(server.port, { security, authorities: trusted, user: 'db', password: canary }),
    );
    expect(server.passwords).toEqual([]);
    expect(server.connections()).toBeLessThanOrEqual(1);
    expect(error.problem.fix).toContain('name on the certificate');
  }
});

test('a server that falls silent, drips, or cuts off has an end', async () => {
  const limits = { waitsSeconds: [0.01], attemptSeconds: 0.5 };
  const silent = await oddServer(() => undefined);
  const dripping = await oddServer((socket) => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 20);
    socket.once('close', () => clearInterval(timer));
  });
  const cutting = await oddServer((socket) => socket.end('220 hello\r\n'));
  const since = performance.now();
  for (const port of [silent, dripping, cutting]) {
    const error = await failureOf(send(port, { security: 'none' }, limits));
    expect(error.problem.fix).toContain('notify.smtp.host');
  }
  expect(performance.now() - since).toBeLessThan(10_000);
});

test('nobody listens, or no such host', async () => {
  const port = await oddServer(() => undefined);
  await started.pop()?.();
  expect((await failureOf(send(port))).problem.got).toContain('ECONNREFUSED');
  expect((await failureOf(send(25, { host: 'nowhere.invalid' }))).problem.fix).toContain('notify.smtp.host');
});
