import type { Context } from 'aws-lambda';
import { prunedEvents } from '../../core/prune/run-events.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { logEvents, tellLog } from '../lambda/log-events.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { tellTroubles } from '../lambda/tell-troubles.ts';
import { pruneEnvironment, pruneMetrics } from './contract.ts';
import { prepare } from './lambda-dependencies.ts';
import { type PruneResponse, record, responseOf, SourcesNotPruned } from './lambda-output.ts';
import { pruneSources } from './run.ts';
import { troublesOf } from './troubles.ts';

const { logger, metrics } = telemetry('prune', pruneMetrics.namespace);

/** Deletes what no rule keeps of the sources of the environment variables; `event` may narrow it, or only ask. */
export async function handler(event: unknown, context: Context): Promise<PruneResponse> {
  logger.addContext(context);
  const { sources, request, shared, notifier, logTopicArn } = await tellFailure(
    process.env[pruneEnvironment.topicArn],
    'prune',
    () => prepare(event, process.env, context),
  );
  const runs = await withDeadline(context, (signal) => pruneSources(sources, request, { ...shared, signal }));
  const log = logEvents(logTopicArn, { logger, metrics });
  const of = { ...log.of, at: new Date() };
  await tellLog(
    log,
    runs.flatMap(({ reports }) => reports).flatMap((report) => prunedEvents(of, report)),
  );
  const response = responseOf(shared.store.url, request.dryRun ?? false, runs);
  record(logger, metrics, response);
  // A dry run that is refused says so in its answer; whoever asked is there to read it.
  const troubles = runs.filter(({ error }) => !response.dryRun || error !== undefined).flatMap(troublesOf);
  await tellTroubles(notifier, { work: 'prune', store: response.store, troubles, at: new Date() });
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (troubles.length > 0) throw new SourcesNotPruned(troubles);
  return response;
}
