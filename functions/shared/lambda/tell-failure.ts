import { messageOf, PgproofError } from '../errors.ts';
import { composeAlert, type Incident } from '../notify/alert.ts';
import { snsNotifier } from '../notify/sns-notifier.ts';

/**
 * Runs what comes before the use case (settings, event) and sends an alert when that fails: a function that was
 * deployed or called wrongly makes no backup, and somebody must hear of it.
 */
export async function tellFailure<T>(
  topicArn: string | undefined,
  work: Incident['work'],
  begin: () => T | Promise<T>,
): Promise<T> {
  try {
    return await begin();
  } catch (error: unknown) {
    if (topicArn) {
      const fix =
        error instanceof PgproofError ? error.problem.fix : 'This is a defect of pgproof: please report it.';
      const source = process.env.PGPROOF_SOURCE ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'pgproof';
      const store = process.env.PGPROOF_STORE ?? 'unknown';
      const incident: Incident = {
        outcome: 'failed',
        work,
        source,
        store,
        at: new Date(),
        what: messageOf(error),
        fix,
      };
      await snsNotifier(topicArn).publish(composeAlert(incident));
    }
    throw error;
  }
}
