import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { smtpPorts } from '../config/notify.ts';
import type { Alert } from './alert.ts';
import type { Channel } from './notifier.ts';
import { isPassing, type Refusal, refusalOf, smtpNotSent } from './smtp-failure.ts';
import type { SmtpOptions } from './smtp-options.ts';

/** How long is tried. A server that greylists wants to be asked again, and some of them within the minute take it. */
export type SmtpPatience = {
  /** Before each further attempt. */
  readonly waitsSeconds: readonly number[];
  /** Of one attempt, from the connection to the last answer, however the server drips. */
  readonly attemptSeconds: number;
};

const patience: SmtpPatience = { waitsSeconds: [1, 4, 10, 25], attemptSeconds: 20 };

/**
 * Sends alerts as plain mail. Certificates are verified; a server that offers no STARTTLS where it was asked for gets
 * neither password nor message. Every attempt carries the same Message-ID, so that one that arrived although its answer was
 * lost is no second mail. Who was refused for good does not keep it from the others, and is told in the error.
 */
export function smtpChannel(options: SmtpOptions, limits: SmtpPatience = patience): Channel {
  return {
    publish: async (alert: Alert): Promise<void> => {
      const refusals = await deliver(options, messageOfAlert(options, alert), limits);
      if (refusals.length > 0) throw smtpNotSent(options, alert, refusals);
    },
  };
}

type Message = ReturnType<typeof messageOfAlert>;

function messageOfAlert({ from, to }: SmtpOptions, { subject, title, text }: Alert) {
  return {
    from: { name: '', address: from },
    to: to.map((address) => ({ name: '', address })),
    subject: title ?? subject,
    text,
    date: new Date(),
    messageId: `<${randomUUID()}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    headers: {
      // RFC 3834: nobody's absence is answered to it; Exchange knows its own header only.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    // Nothing of a message is a path or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Who did not get it in the end, and why. */
async function deliver(options: SmtpOptions, message: Message, limits: SmtpPatience): Promise<Refusal[]> {
  const given: Refusal[] = [];
  let waiting: readonly string[] = options.to;
  for (const wait of [...limits.waitsSeconds, undefined]) {
    const refusals = await attempt(options, message, waiting, limits.attemptSeconds);
    const passing = refusals.filter(isPassing);
    given.push(...refusals.filter((refusal) => !isPassing(refusal)));
    if (passing.length === 0) break;
    if (wait === undefined) {
      given.push(...passing);
      break;
    }
    waiting = passing.flatMap(({ recipients }) => recipients);
    await sleep(wait * 1_000);
  }
  return given;
}

async function attempt(
  options: SmtpOptions,
  message: Message,
  recipients: readonly string[],
  seconds: number,
): Promise<Refusal[]> {
  const { host, security, user, password, authorities } = options;
  const transport = createTransport({
    host,
    port: options.port ?? smtpPorts[security],
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(authorities === undefined ? {} : { ca: authorities }) },
    // Also where the server does not say that it wants it: what was configured is not left out in silence.
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' }, forceAuth: true }),
    connectionTimeout: seconds * 1_000,
    greetingTimeout: seconds * 1_000,
    socketTimeout: seconds * 1_000,
  });
  const signal = AbortSignal.timeout(seconds * 1_000);
  try {
    const { rejectedErrors = [] } = await transport.sendMail({
      ...message,
      envelope: { from: options.from, to: [...recipients] },
      signal,
    });
    return rejectedErrors.map((error) => refusalOf(error, recipients, options));
  } catch (error: unknown) {
    // Where all recipients were refused, each may have been for another reason.
    const { rejectedErrors } = error as { readonly rejectedErrors?: readonly unknown[] };
    const errors = rejectedErrors?.length ? rejectedErrors : [error];
    return errors.map((one) => refusalOf(one, recipients, options));
  } finally {
    transport.close();
  }
}
