import { lockFrom } from '../../core/config/object-lock.ts';
import { type Choice, findBackup } from '../../core/inventory/read-backup.ts';
import type { BackupId } from '../../core/manifest/backup-id.ts';
import { type Notifier, notifier } from '../../core/notify/notifier.ts';
import { snsChannel } from '../../core/notify/sns-channel.ts';
import { noteTeller } from '../../core/recovery/note-teller.ts';
import { openBucket } from '../../core/store/open-bucket.ts';
import type { Store } from '../../core/store/store.ts';
import { idOfEvent } from '../lambda/id-of-event.ts';
import { reachOther } from '../lambda/other-place.ts';
import { BadSettings, parseEvent } from '../lambda/settings.ts';
import { type CopyEvent, copyEventSchema, verificationSuffix } from './contract.ts';
import type { Shared } from './run.ts';
import { type CopySettings, readCopySettings } from './settings.ts';

/** What a run is about, and what it needs of the world. */
export type Prepared = {
  readonly settings: CopySettings;
  /** Undefined: whatever is missing. */
  readonly id: BackupId | undefined;
  /** How that one was chosen. */
  readonly choice: Choice;
  readonly shared: Omit<Shared, 'signal'>;
  readonly notifier: Notifier;
};

/** @throws BadSettings, BackupNotFound, CredentialsUnavailable, StoreUnusable */
export async function prepare(
  event: unknown,
  env: NodeJS.ProcessEnv,
  onWarning: (line: string) => void,
): Promise<Prepared> {
  const settings = readCopySettings(env);
  const request = parseEvent(copyEventSchema, event, '{} or {"backup": "orders-prod/app/latest"}');
  const from = openBucket(settings.store);
  const { kmsKeyArn, storageClass, partLimit, lock } = settings;
  const to = openBucket(settings.to, {
    ...(await reachOther(settings)),
    kmsKeyArn,
    storageClass,
    partLimit,
  });
  return {
    settings,
    ...(await idOf(request, settings, from)),
    shared: {
      from,
      to,
      lock: () => lockFrom(lock, new Date()),
      // The role may put at free keys only, but for what was said of a backup.
      notes: noteTeller(to, { contact: settings.contact, write: 'once' }, (_, line) => onWarning(line)),
      clock: () => new Date(),
    },
    notifier: notifier(snsChannel(settings.topicArn), settings.notify),
  };
}

async function idOf(
  event: CopyEvent,
  settings: CopySettings,
  from: Store,
): Promise<{ readonly id: BackupId | undefined; readonly choice: Choice }> {
  const choice: Choice = { passedOver: [] };
  if ('detail' in event) {
    const of = { url: settings.store, suffix: verificationSuffix, kind: 'verification' } as const;
    return { id: ofThisStack(idOfEvent(event, of), settings), choice };
  }
  const { backup, any, partial, cluster } = event;
  if (backup === undefined) return { id: undefined, choice };
  const { id, ...found } = await findBackup(from, backup, { any, partial, cluster });
  return { id: ofThisStack(id, settings), choice: found };
}

/** The role has no right to another's, and S3 would say no more than that. */
function ofThisStack(id: BackupId, { sources }: CopySettings): BackupId {
  if (sources.includes(id.source)) return id;
  throw new BadSettings({
    what: 'The event names a source that this function does not copy',
    got: JSON.stringify(id.source),
    expected: sources.join(', '),
    fix: 'Name a backup of one of these, or start the copy function of the stack that it is of.',
  });
}
