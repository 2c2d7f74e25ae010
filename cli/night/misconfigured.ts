import type { NightConfig } from '../../core/config/night.ts';
import type { ConfigurationError } from '../../core/config/problem.ts';
import { asAlert } from '../../core/notify/alert.ts';
import { plural } from '../../core/text/units.ts';
import { nightChannel } from './channels.ts';
import { notifyProblems } from './night-source.ts';
import { readSecrets } from './secrets.ts';

/**
 * Tells people that a night could not begin, on the ways that work all the same: a password that is gone is one of the
 * reasons why nothing is backed up any more, and a timer's standard error is read by nobody.
 *
 * @returns why it could not be sent; undefined also where nobody is to be told
 */
export async function tellMisconfigured(
  { message, problems }: ConfigurationError,
  notify: NightConfig['notify'],
  directory: string,
): Promise<unknown> {
  const own = { notify, sources: [], stores: [], copies: [], backupLog: undefined };
  const { secrets, problems: missing } = await readSecrets(own, { env: process.env, directory });
  // Standard error says it anyway.
  if (missing.length > 0 || notifyProblems({ notify }, directory).length > 0) return undefined;
  if (notify.topicArn === undefined && notify.smtp === undefined) return undefined;
  const title = 'NOTHING WAS BACKED UP';
  const alert = asAlert({
    subject: `${title}: ${plural(problems.length, 'problem')} with the configuration: ${problems[0]?.path ?? ''}`,
    title,
    text: `${title}\n\n${message}\n\nWhat to do: Correct it, then: pgproof run --dry-run. Until then every start tells this again.`,
    result: 'failed',
  });
  const channel = await nightChannel({ notify }, secrets, directory);
  return await channel.publish(alert).then(
    () => undefined,
    (error: unknown) => error,
  );
}
