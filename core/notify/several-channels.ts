import { messageOf } from '../errors.ts';
import { withoutSecrets } from '../process/redact.ts';
import { visibleLines } from '../text/visible.ts';
import type { Alert } from './alert.ts';
import { AlertNotSent, type Channel } from './notifier.ts';

/** A way that messages go, and what people call it: `mail by mail.example.com`. */
export type NamedChannel = { readonly name: string; readonly channel: Channel };

/**
 * One channel of several, each sent to at the same time. Where one fails the others are told so, in a message of its own that
 * carries no more than that; and publishing fails, for somebody who should hear did not.
 */
export function severalChannels(channels: readonly NamedChannel[]): Channel {
  return {
    publish: async (alert: Alert): Promise<void> => {
      const results = await Promise.allSettled(channels.map(({ channel }) => channel.publish(alert)));
      const failed = channels.flatMap(({ name }, index) => {
        const result = results[index];
        return result?.status === 'rejected' ? [{ name, error: result.reason as unknown }] : [];
      });
      const [first] = failed;
      if (first === undefined) return;
      const working = channels.filter((_channel, index) => results[index]?.status === 'fulfilled');
      const note = noteOf(alert, failed);
      // What fails here changes nothing about what is thrown below.
      await Promise.allSettled(working.map(({ channel }) => channel.publish(note)));
      if (failed.length === 1) throw first.error;
      throw new AlertNotSent(
        {
          what: `The alert could not be sent on ${failed.length} of ${channels.length} ways`,
          got: failed.map(({ error }) => withoutAlert(error)).join('; '),
          fix: `See to each of them. The alert was:\n\n${alert.text}`,
        },
        { cause: first.error },
      );
    },
  };
}

type Failed = { readonly name: string; readonly error: unknown };

function noteOf(alert: Alert, failed: readonly Failed[]): Alert {
  const names = failed.map(({ name }) => name).join(', ');
  const subject = `ALERT NOT SENT by ${names}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 99);
  const reasons = failed.map(({ name, error }) => `- ${name}: ${withoutAlert(error)}`).join('\n');
  const text = visibleLines(
    `An alert reached you, and not those who are told by ${names}:\n\n${reasons}\n\nThe alert was: ${alert.subject}`,
  );
  return {
    subject,
    text,
    chat: {
      ...alert.chat,
      content: {
        textType: 'client-markdown',
        title: `:warning: ${subject}`,
        description: text.slice(0, 3_000),
      },
    },
  };
}

/** What happened and what to do, without the alert that the fix carries for whoever reads the log only. */
function withoutAlert(error: unknown): string {
  const text =
    error instanceof AlertNotSent ? `${error.problem.what}: ${error.problem.got ?? ''}` : messageOf(error);
  return withoutSecrets(text);
}
