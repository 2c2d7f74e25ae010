import type { Outcome } from '../../core/notify/alert.ts';
import { describeFailure } from '../../core/notify/describe-failure.ts';
import { notifier } from '../../core/notify/notifier.ts';
import { snsChannel } from '../../core/notify/sns-channel.ts';
import { parseStoreUrl } from '../../core/store/store-url.ts';

/**
 * Runs what comes before the use case (settings, event), or all of it where nothing else tells, and sends an alert when
 * that fails: a function that was deployed or called wrongly makes or verifies no backup, and people must hear of it.
 * @throws what `begin` throws, and AlertNotSent
 */
export async function tellFailure<T>(
  topicArn: string | undefined,
  work: Outcome['work'],
  begin: () => T | Promise<T>,
): Promise<T> {
  try {
    return await begin();
  } catch (error: unknown) {
    if (topicArn) {
      const { PGPROOF_SOURCE, PGPROOF_STORE, AWS_LAMBDA_FUNCTION_NAME } = process.env;
      const outcome: Outcome = {
        ...describeFailure(error),
        // A verification that was not begun says nothing bad of any backup.
        result: work === 'verification' ? 'unverifiable' : 'failed',
        work,
        source: PGPROOF_SOURCE || AWS_LAMBDA_FUNCTION_NAME || 'pgproof',
        store: isStore(PGPROOF_STORE) ? PGPROOF_STORE : 'unknown',
        at: new Date(),
      };
      await notifier(snsChannel(topicArn), 'failures').tell(outcome);
    }
    throw error;
  }
}

/** As it was set nothing has checked it yet: what is no store's URL may have a password in it. */
function isStore(url: string | undefined): url is string {
  try {
    return parseStoreUrl(url ?? '') !== undefined;
  } catch {
    return false;
  }
}
