import type { Context } from 'aws-lambda';
import { withDeadline } from '../lambda/deadline.ts';
import { warnOfChoice } from '../lambda/passed-over.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { tellTroubles } from '../lambda/tell-troubles.ts';
import { copyEnvironment, copyMetrics } from './contract.ts';
import { type Prepared, prepare } from './lambda-dependencies.ts';
import { tellLogOf } from './lambda-log.ts';
import { BackupsNotCopied, type CopyResponse, record, responseOf, tellCopied } from './lambda-output.ts';
import { copyAll, copyOne } from './run.ts';
import { tooLong, troublesOf } from './troubles.ts';

const { logger, metrics } = telemetry('copy', copyMetrics.namespace);

/** Copies the backup whose verdict appeared, or that the event names; with `{}` whatever is missing. */
export async function handler(event: unknown, context: Context): Promise<CopyResponse> {
  logger.addContext(context);
  const begin = (): Promise<Prepared> => prepare(event, process.env, (line) => logger.warn(line));
  const prepared = await tellFailure(process.env[copyEnvironment.topicArn], 'copy', begin);
  const { settings, id, choice, shared, notifier } = prepared;
  warnOfChoice(logger, id, choice);
  const { sources, maxAgeHours, to } = settings;
  const run = await withDeadline(
    context,
    (signal) =>
      id ? copyOne(id, { ...shared, signal }) : copyAll(sources, { ...shared, signal, maxAgeHours }),
    tooLong(settings),
  );
  await tellLogOf(run, settings, { logger, metrics });
  const response = responseOf(run, settings);
  record(logger, metrics, response);
  const troubles = troublesOf(run, settings);
  await tellTroubles(notifier, { work: 'copy', store: to, troubles, at: new Date() });
  await tellCopied(notifier, response, new Date());
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (troubles.length > 0) throw new BackupsNotCopied(troubles);
  return response;
}
