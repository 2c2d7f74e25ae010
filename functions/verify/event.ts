import { type Choice, findBackup } from '../../core/inventory/read-backup.ts';
import type { ReadOptions, Store } from '../../core/store/store.ts';
import type { VerifyRequest } from '../../core/verify/request.ts';
import type { ObjectCreated } from '../lambda/contract.ts';
import { idOfEvent } from '../lambda/id-of-event.ts';
import { manifestSuffix, type VerifyEvent } from './contract.ts';
import type { VerifySettings } from './settings.ts';

/**
 * Which backup an event means.
 * @throws BadSettings for an object that is no manifest of this store, BackupNotFound
 */
export async function requestFrom(
  event: VerifyEvent,
  settings: VerifySettings,
  store: Store,
  options: ReadOptions = {},
): Promise<{ readonly request: VerifyRequest; readonly choice: Choice }> {
  const { level, checks, without } = settings;
  if (isObjectCreated(event)) {
    const id = idOfEvent(event, { url: settings.store, suffix: manifestSuffix, kind: 'manifest' });
    return { request: { id, level, checks, without }, choice: { passedOver: [] } };
  }
  const { any, partial, cluster } = event;
  const { id, ...choice } = await findBackup(store, event.backup, { ...options, any, partial, cluster });
  return {
    choice,
    request: {
      id,
      level: event.level ?? level,
      checks: event.checks ?? checks,
      without: event.without ?? without,
    },
  };
}

function isObjectCreated(event: VerifyEvent): event is ObjectCreated {
  return 'detail' in event;
}
