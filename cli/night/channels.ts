import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NightConfig } from '../../core/config/night.ts';
import type { Channel } from '../../core/notify/notifier.ts';
import type { NamedChannel } from '../../core/notify/several-channels.ts';
import type { Secrets } from './secrets.ts';

/** Every way on which people hear of a night. Without one only whoever started it hears, which for cron is a mail too. */
export async function nightChannel(
  { notify }: Pick<NightConfig, 'notify'>,
  secrets: Secrets,
  directory: string,
): Promise<Channel> {
  const channels: NamedChannel[] = [];
  const { topicArn, smtp } = notify;
  if (topicArn !== undefined) {
    const { snsChannel } = await import('../../core/notify/sns-channel.ts');
    channels.push({ name: topicArn, channel: snsChannel(topicArn) });
  }
  if (smtp !== undefined) {
    const { smtpChannel } = await import('../../core/notify/smtp-channel.ts');
    const { password, caFile, ...settings } = smtp;
    const channel = smtpChannel({
      ...settings,
      password: password && secrets.of(password),
      authorities: caFile === undefined ? undefined : readFileSync(resolve(directory, caFile), 'utf8'),
    });
    channels.push({ name: `mail by ${smtp.host}`, channel });
  }
  const [only] = channels;
  if (only === undefined) return { publish: async () => undefined };
  if (channels.length === 1) return only.channel;
  const { severalChannels } = await import('../../core/notify/several-channels.ts');
  return severalChannels(channels);
}
