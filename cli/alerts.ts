import { type Command, Option } from 'commander';
import type { Notifier } from '../core/notify/notifier.ts';

export function withAlertFlags(command: Command, policies: readonly string[]): Command {
  return command
    .addOption(new Option('--topic <arn>', 'an SNS topic that hears of failures').env('PGPROOF_TOPIC_ARN'))
    .addOption(
      new Option('--notify <what>', 'what the topic hears of')
        .choices(policies)
        .default('failures')
        .env('PGPROOF_NOTIFY'),
    );
}

/** Without a topic nobody but the terminal is told; the command's own output and exit status say everything there. */
export async function notifierFor(topicArn: string | undefined): Promise<Notifier> {
  if (topicArn === undefined) return { publish: async () => undefined };
  const { snsNotifier } = await import('../core/notify/sns-notifier.ts');
  return snsNotifier(topicArn);
}
