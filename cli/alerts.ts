import { type Command, Option } from 'commander';
import { defaultPolicy } from '../core/config/defaults.ts';
import type { Channel } from '../core/notify/notifier.ts';
import { notifyPolicies, variables } from '../core/vocabulary.ts';

export function withAlertFlags(command: Command): Command {
  return command
    .addOption(new Option('--topic <arn>', 'an SNS topic that hears of failures').env(variables.topicArn))
    .addOption(
      new Option('--notify <what>', 'what the topic hears of')
        .choices([...notifyPolicies])
        .default(defaultPolicy)
        .env(variables.notify),
    );
}

/** Without a topic only the terminal is told; the command's own output and exit status say everything there. */
export async function channelFor(topicArn: string | undefined): Promise<Channel> {
  if (topicArn === undefined) return { publish: async () => undefined };
  const { snsChannel } = await import('../core/notify/sns-channel.ts');
  return snsChannel(topicArn);
}
