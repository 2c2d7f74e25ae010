import { messageOf } from '../errors.ts';
import { redactor } from '../process/redact.ts';
import { oneLine } from '../text/one-line.ts';
import type { Alert } from './alert.ts';
import { AlertNotSent } from './notifier.ts';
import type { SmtpOptions } from './smtp-options.ts';

type Reason = 'connection' | 'tls' | 'no-starttls' | 'login' | 'sender' | 'recipient' | 'time' | 'other';

/** Whom a server did not take the message for, and why. */
export type Refusal = {
  readonly recipients: readonly string[];
  readonly reason: Reason;
  /** The server's answer, such as 451; undefined where there was none. */
  readonly code: number | undefined;
  /** In the words of server and system, without the password. */
  readonly words: string;
};

/** What nodemailer sets on its errors. */
type SmtpError = {
  readonly code?: unknown;
  /** Of Node.js or the system, where `code` is nodemailer's own. */
  readonly originalCode?: unknown;
  readonly responseCode?: unknown;
  readonly command?: unknown;
  readonly recipient?: unknown;
};

/** @param recipients whom the attempt was for */
export function refusalOf(error: unknown, recipients: readonly string[], options: SmtpOptions): Refusal {
  const { code, responseCode, recipient } = error as SmtpError;
  return {
    recipients: typeof recipient === 'string' && recipients.includes(recipient) ? [recipient] : recipients,
    reason: reasonOf(error as SmtpError),
    code: typeof responseCode === 'number' ? responseCode : undefined,
    words: code === 'EABORT' ? 'it was not done in time' : redactorOf(options)(oneLine(messageOf(error))),
  };
}

/** Whether the same may be taken in a while: 4xx by RFC 5321, and a server that is not there, or falls silent. */
export function isPassing({ code, reason }: Refusal): boolean {
  if (reason === 'tls' || reason === 'no-starttls') return false;
  if (code !== undefined) return code >= 400 && code < 500;
  return reason === 'connection' || reason === 'time';
}

function reasonOf({ code, originalCode, command }: SmtpError): Reason {
  if (command === 'MAIL FROM') return 'sender';
  if (command === 'RCPT TO') return 'recipient';
  if (typeof originalCode === 'string' && tlsCode.test(originalCode)) return 'tls';
  switch (code) {
    case 'EAUTH':
      return 'login';
    case 'ETLS':
      return command === 'STARTTLS' ? 'no-starttls' : 'tls';
    case 'ETIMEDOUT':
    case 'EABORT':
      return 'time';
    case 'ECONNECTION':
    case 'ESOCKET':
    case 'EDNS':
      return 'connection';
    default:
      return 'other';
  }
}

/** As Node.js calls what is wrong with a certificate (after OpenSSL's X509_V_ERR_…), and with TLS itself. */
const tlsCode = /CERT|SIGNATURE|ISSUER|CRL|CHAIN|^INVALID_|^ERR_TLS|^ERR_SSL|^EPROTO$/;

const fixes: Readonly<Record<Reason, string>> = {
  connection:
    'Check notify.smtp.host and port, and that this machine may connect to them (many networks close port 25).',
  time: 'Check notify.smtp.host and port: what listens there must speak SMTP, and from the first byte TLS with security: tls.',
  tls: 'Check that notify.smtp.host is the name on the certificate; where its authority is your own, name it in notify.smtp.caFile.',
  'no-starttls':
    'Nothing was sent in the clear. Check the port (587 for starttls), take security: tls with port 465, or none for a server on this machine.',
  login:
    'Check notify.smtp.user and what notify.smtp.password leads to; some providers want a password made for programs.',
  sender: 'Check notify.smtp.from: the server must let this user send as that address.',
  recipient: 'Check notify.smtp.to: whom the server takes mail for.',
  other: "Read the server's answer, and its log.",
};

/** The one error of a message that not everybody got. */
export function smtpNotSent(
  { host, to }: SmtpOptions,
  alert: Alert,
  refusals: readonly Refusal[],
): AlertNotSent {
  const missed = new Set(refusals.flatMap(({ recipients }) => recipients));
  const others = to.filter((recipient) => !missed.has(recipient));
  const reached = others.length === 0 ? '' : ` (${others.join(', ')} got it)`;
  const advice = new Set(refusals.map(({ reason }) => fixes[reason]));
  return new AlertNotSent({
    what: `The alert could not be mailed by ${host} to ${[...missed].join(', ')}${reached}`,
    got: [...new Set(refusals.map(({ words }) => words))].join('; '),
    fix: `${[...advice].join(' ')} The alert was:\n\n${alert.text}`,
  });
}

/** A server may repeat what it was sent, and there the password is in base64. */
function redactorOf({ user = '', password }: SmtpOptions): (text: string) => string {
  if (password === undefined) return redactor([]);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return redactor([password, base64(password), base64(`\0${user}\0${password}`)]);
}
