import * as z from 'zod';
import { notifyPolicies } from '../vocabulary.ts';
import { hostName, port, someText } from './options.ts';
import { secretSchema } from './secret.ts';

/** How the way to the mail server is kept from others: from the first byte, from STARTTLS on, or not at all. */
export const smtpSecurities = ['tls', 'starttls', 'none'] as const;

/** Where a server listens for each, as RFC 8314 and RFC 6409 have it; without TLS it is the machine's own, as for cron's mail. */
export const smtpPorts = { tls: 465, starttls: 587, none: 25 } as const;

/**
 * One address, without a name beside it. Stricter than RFC 5321, which allows quoted blanks and line breaks in them: an
 * address is handed to a server as a part of a command.
 */
const address = z
  .string()
  .max(254)
  .regex(/^[^\s"(),:;<>@[\]\\\p{C}]+@[^\s"(),:;<>@[\]\\\p{C}]+$/u, {
    error: 'expected an address such as ops@example.com, without a name beside it',
  });

const smtpSchema = z
  .strictObject({
    host: hostName,
    /** @default 465 with tls, 587 with starttls, 25 with none */
    port: port.optional(),
    /** `starttls` refuses a server that does not offer it; `none` is for the machine's own mail server. */
    security: z.enum(smtpSecurities).default('starttls'),
    /** Allows `none` to another machine: whoever is on the way can read what fails. @default false */
    allowUnencrypted: z.boolean().default(false),
    user: someText.optional(),
    password: secretSchema.optional(),
    from: address,
    to: z.array(address).min(1),
    /** Path of a PEM file with the authorities to trust instead of the system's. */
    caFile: someText.optional(),
  })
  .superRefine(({ host, security, allowUnencrypted, user, password, caFile }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if ((user === undefined) !== (password === undefined))
      problem(user === undefined ? 'user' : 'password', 'user and password go together');
    if (security !== 'none') return;
    if (caFile !== undefined) problem('caFile', 'nothing is verified with security: none');
    if (isLoopback(host)) return;
    if (!allowUnencrypted)
      problem(
        'security',
        'none sends alerts readable over the network: expected tls or starttls, a host on this machine, or allowUnencrypted: true',
      );
    if (password !== undefined)
      problem(
        'password',
        'a password is never sent over the network in the clear: expected security tls or starttls',
      );
  });

export type SmtpSettings = Readonly<z.infer<typeof smtpSchema>>;

/** Who hears of what, and how: keys of `notify`. */
export const notifyOptions = {
  on: z.enum(notifyPolicies).default('failures'),
  /** An SNS topic. */
  topicArn: z
    .string()
    .regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/)
    .optional(),
  smtp: smtpSchema.optional(),
};

/** Names that the name service is not asked for may still lie; these are this machine's by their number or by RFC 6761. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
