import { type Command, Option } from 'commander';
import type { Channel } from '../core/notify/notifier.ts';

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

/** Without a topic only the terminal is told; the command's own output and exit status say everything there. */
export async function channelFor(topicArn: string | undefined): Promise<Channel> {
  if (topicArn === undefined) return { publish: async () => undefined };
  const { snsChannel } = await import('../core/notify/sns-channel.ts');
  return snsChannel(topicArn);
}
