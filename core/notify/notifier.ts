import { PgproofError } from '../errors.ts';
import type { NotifyPolicy } from '../vocabulary.ts';
import { type Alert, composeAlert, type Outcome } from './alert.ts';

/** Where messages go: an SNS topic, a terminal. */
export type Channel = {
  /** @throws AlertNotSent */
  publish(alert: Alert): Promise<void>;
};

/** Lets people hear of what happened, as far as they asked for it. */
export type Notifier = {
  /** @throws AlertNotSent */
  tell(outcome: Outcome): Promise<void>;
};

/** The one place that decides which outcome becomes a message. */
export function notifier(channel: Channel, policy: NotifyPolicy): Notifier {
  return {
    tell: async (outcome) => {
      if (outcome.result !== 'good' || policy === 'all') await channel.publish(composeAlert(outcome));
    },
  };
}

/** The message itself could not be sent. The caller that sees this is the last to know: never caught and dropped. */
export class AlertNotSent extends PgproofError {
  override readonly name = 'AlertNotSent';
}
