import * as z from 'zod';
import { checkedBy } from '../../core/config/checked-by.ts';
import { type LockFor, parseObjectLock } from '../../core/config/object-lock.ts';
import { PgproofError } from '../../core/errors.ts';
import { policyOf } from '../../core/retention/policy.ts';
import type { Policy } from '../../core/retention/shapes.ts';
import { type OtherPlaceSettings, otherPlaceSettings } from '../lambda/other-place.ts';
import { BadSettings, bucketUrl, jsonNames, parseVariables, requiredText } from '../lambda/settings.ts';
import { type PruneEvent, pruneEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  store: bucketUrl,
  ...otherPlaceSettings,
  sources: jsonNames.refine((names) => names.length > 0, { error: 'expected at least one name' }),
  keep: requiredText,
  min: z.string().optional(),
  cliff: z.string().optional(),
  verified: z.enum(['true', 'false']).default('true'),
  timeZone: z.string().optional(),
  objectLock: checkedBy(parseObjectLock).optional(),
  kmsKeyArn: z.string().optional(),
  logTopicArn: z.string().optional(),
  topicArn: requiredText,
});

export type PruneSettings = {
  readonly store: string;
  /** How the bucket is reached, where it is one of copies. */
  readonly otherPlace: OtherPlaceSettings;
  readonly sources: readonly string[];
  readonly policy: Policy;
  readonly lock: LockFor | undefined;
  readonly kmsKeyArn: string | undefined;
  readonly logTopicArn: string | undefined;
  readonly topicArn: string;
};

/** @throws BadSettings with every problem */
export function readPruneSettings(env: NodeJS.ProcessEnv): PruneSettings {
  const settings = parseVariables(settingsSchema, pruneEnvironment, env);
  const { store, sources, objectLock, kmsKeyArn, logTopicArn, topicArn } = settings;
  const lock = objectLock === undefined ? undefined : parseObjectLock(objectLock);
  const { region, endpoint, pathStyle, credentialsSecretArn } = settings;
  const otherPlace = { region, endpoint, pathStyle, credentialsSecretArn };
  return { store, otherPlace, sources, policy: policyFrom(settings), lock, kmsKeyArn, logTopicArn, topicArn };
}

function policyFrom(settings: z.infer<typeof settingsSchema>): Policy {
  const { keep, min, cliff, timeZone, verified } = settings;
  try {
    return policyOf({
      keep: JSON.parse(keep),
      min: min === undefined ? undefined : Number(min),
      cliff: cliff === undefined ? undefined : Number(cliff),
      timeZone,
      verified: verified === 'true',
    });
  } catch (error: unknown) {
    if (!(error instanceof PgproofError || error instanceof SyntaxError)) throw error;
    throw new BadSettings(
      {
        what: "The function's environment variables are no policy of retention; nothing was deleted",
        got: error.message,
        fix: 'Deploy again with pgproof deploying it: the construct sets them.',
      },
      { cause: error },
    );
  }
}

/**
 * The sources that this run is about, in another order on each day: where one takes all the time there is, the others
 * would else never have their turn.
 * @throws BadSettings where the event names one that is none of this stack
 */
export function sourcesOf({ sources }: PruneSettings, { source }: PruneEvent, now: Date): readonly string[] {
  if (source === undefined) {
    const day = Math.floor(now.getTime() / 86_400_000) % sources.length;
    return [...sources.slice(day), ...sources.slice(0, day)];
  }
  if (sources.includes(source)) return [source];
  throw new BadSettings({
    what: 'The event names a source that this function does not prune',
    got: JSON.stringify(source),
    expected: sources.join(', '),
    fix: 'Name one of these, or leave source out for all of them.',
  });
}
