import type { Context } from 'aws-lambda';
import type { PassedOver } from '../../core/inventory/passed-over.ts';
import type { RestoreReport } from '../../core/restore/report.ts';
import { restoreBackup } from '../../core/restore/restore.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { warnOfChoice } from '../lambda/passed-over.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { restoreEnvironment } from './contract.ts';
import { prepareRestore } from './lambda-dependencies.ts';
import { readRestoreSettings } from './settings.ts';

const { logger } = telemetry('restore', 'pgproof');

/** Restores the backup that the event names into the database that it names. */
export async function handler(
  event: unknown,
  context: Context,
): Promise<RestoreReport & { readonly passedOver?: readonly PassedOver[] }> {
  logger.addContext(context);
  return await withDeadline(context, (signal) =>
    tellFailure(process.env[restoreEnvironment.topicArn], 'restore', async () => {
      const settings = readRestoreSettings(process.env);
      const { request, dependencies, chosen } = await prepareRestore(event, settings, signal);
      if (!chosen.isGood) logger.warn('not a good backup', { verdict: chosen.verdict });
      warnOfChoice(logger, request.id, chosen);
      const { passedOver } = chosen;
      const restored = await restoreBackup(request, dependencies);
      const report = passedOver.length === 0 ? restored : { ...restored, passedOver };
      const { tables, ...rest } = report;
      logger.info('restored', { report: { ...rest, tables: tables.length } });
      return report;
    }),
  );
}
