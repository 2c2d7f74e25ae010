import { PgproofError } from '../errors.ts';
import type { Alert } from './alert.ts';

/** Who hears of what: failures only, or good news too. */
export const notifyPolicies = ['failures', 'all'] as const;
export type NotifyPolicy = (typeof notifyPolicies)[number];

/** Where messages go: an SNS topic, a terminal. */
export type Notifier = {
  /** @throws AlertNotSent */
  publish(alert: Alert): Promise<void>;
};

/** The message itself could not be sent. Whoever sees this is the last to know: never caught and dropped. */
export class AlertNotSent extends PgproofError {
  override readonly name = 'AlertNotSent';
}
