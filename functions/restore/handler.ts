import type { Context } from 'aws-lambda';
import type { PassedOver } from '../../core/inventory/passed-over.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { warnOfChoice } from '../lambda/passed-over.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { answerRestore, briefOf } from './answer.ts';
import { restoreEnvironment } from './contract.ts';
import { prepareRestore } from './lambda-dependencies.ts';
import { readRestoreSettings } from './settings.ts';

const { logger } = telemetry('restore', 'pgproof');

/** Restores the backup that the event names into the database that it names. */
export async function handler(
  event: unknown,
  context: Context,
): Promise<Awaited<ReturnType<typeof answerRestore>> & { readonly passedOver?: readonly PassedOver[] }> {
  logger.addContext(context);
  return await withDeadline(context, (signal) =>
    tellFailure(process.env[restoreEnvironment.topicArn], 'restore', async () => {
      const settings = readRestoreSettings(process.env);
      const prepared = await prepareRestore(event, settings, signal);
      const { request, chosen } = prepared;
      if (!chosen.isGood) logger.warn('not a good backup', { verdict: chosen.verdict });
      warnOfChoice(logger, request.id, chosen);
      const { passedOver } = chosen;
      const answer = await answerRestore(prepared);
      const report = passedOver.length === 0 ? answer : { ...answer, passedOver };
      logger.info(prepared.dryRun ? 'rehearsed' : 'restored', { report: briefOf(report) });
      return report;
    }),
  );
}
