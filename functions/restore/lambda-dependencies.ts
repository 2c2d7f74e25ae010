import { obtainTools } from '../../core/postgres/programs/obtain.ts';
import { type ChosenBackup, chooseBackup } from '../../core/restore/choose-backup.ts';
import type { RestoreDependencies, RestoreRequest } from '../../core/restore/request.ts';
import { temporaryScratch } from '../../core/scratch/scratch.ts';
import { secretSource } from '../../core/source/aws-source.ts';
import { openBucket } from '../../core/store/open-bucket.ts';
import { BadSettings, parseEvent } from '../lambda/settings.ts';
import { restoreEventSchema } from './contract.ts';
import { refuseContradictions } from './contradictions.ts';
import { checkSource, type RestoreSettings, selectionOf } from './settings.ts';

export type PreparedRestore = {
  readonly request: RestoreRequest;
  readonly dependencies: RestoreDependencies;
  /** Nothing is made: the answer is what would be. */
  readonly dryRun: boolean;
  /** Roles and tablespaces alone. */
  readonly globalsOnly: boolean;
  readonly chosen: Omit<ChosenBackup, 'id' | 'manifest'>;
};

/**
 * What is to be restored where. Reads the secret and the manifest; touches no database.
 * @throws BadSettings, BackupNotFound, SourceUnavailable, StoreUnusable
 */
export async function prepareRestore(
  event: unknown,
  settings: RestoreSettings,
  signal: AbortSignal,
): Promise<PreparedRestore> {
  const example =
    '{"backup": "orders-prod/app/latest", "target": {"database": "app_restored"}, "create": true}';
  const asked = parseEvent(restoreEventSchema, event, example);
  checkSource(asked, settings);
  refuseContradictions(asked);
  const { database } = asked.target;
  const isOwn = asked.target.secretArn === undefined;
  const secretArn = asked.target.secretArn ?? settings.secretArn;
  if (secretArn === undefined) {
    throw new BadSettings({
      what: 'Nobody says into which server to restore',
      got: 'no target.secretArn, and the function has no secret of its own',
      fix: 'Name the ARN of a secret in target.secretArn.',
    });
  }
  const { host, port } = asked.target;
  // Of another server the authority is unknown, as its host is.
  const rootCert = isOwn ? settings.rootCert : undefined;
  const overrides = { host, port, sslMode: settings.sslMode, rootCert };
  // The secret's own host comes first: the source's may be a replica. Of another server it says nothing.
  const defaults = isOwn ? { host: settings.host, port: settings.port } : {};
  const source = secretSource({ name: 'target', secretArn, overrides, defaults });
  const store = openBucket(settings.store, {});
  const { id, manifest, ...chosen } = await chooseBackup(store, asked.backup, {
    signal,
    any: asked.any,
    partial: asked.partial,
    cluster: asked.cluster,
  });
  return {
    chosen,
    dryRun: asked.dryRun ?? false,
    globalsOnly: asked.globalsOnly ?? false,
    request: {
      id,
      database,
      selection: selectionOf(asked),
      jobs: asked.jobs,
      create: asked.create === true || asked.replaceIncomplete === true,
      replaceIncomplete: asked.replaceIncomplete ?? false,
      keepGoing: asked.keepGoing ?? false,
      intoNonEmpty: asked.intoNonEmpty ?? false,
      intoSchema: asked.intoSchema,
      renameExisting: asked.renameExisting ?? false,
      applyGlobals: asked.applyGlobals ?? false,
      allowSuperusers: asked.allowSuperusers ?? false,
    },
    dependencies: {
      store,
      manifest,
      signal,
      clock: () => new Date(),
      scratch: temporaryScratch(),
      target: await source.resolve(),
      tools: (serverMajor) => obtainTools({ serverMajor, signal }),
    },
  };
}
