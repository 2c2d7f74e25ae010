import type { NightConfig } from '../../core/config/night.ts';
import type { Channel } from '../../core/notify/notifier.ts';
import { channelFor } from '../alerts.ts';

/** Every way on which people hear of a night. Without one only whoever started it hears, which for cron is a mail too. */
export async function nightChannel({ notify }: NightConfig): Promise<Channel> {
  return await channelFor(notify.topicArn);
}
