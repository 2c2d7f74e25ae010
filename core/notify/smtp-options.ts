import type { SmtpSettings } from '../config/notify.ts';

/** `notify.smtp` with what its references lead to. */
export type SmtpOptions = Omit<SmtpSettings, 'password' | 'caFile'> & {
  readonly password?: string | undefined;
  /** PEM text of the authorities to trust. Default: the system's, as Node.js has them. */
  readonly authorities?: string | undefined;
};
