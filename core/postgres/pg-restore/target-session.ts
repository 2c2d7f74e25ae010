import { withConnection } from '../connect/connect.ts';
import { optionsOf, permittedRestoreSettings } from '../connect/restore-settings.ts';
import { maintenanceDatabase } from './new-database.ts';
import type { PgRestoreRequest } from './restoration.ts';

/**
 * The request with a target whose sessions speak under the restore's settings, as far as its role may set them. A
 * pooler that passes no options on refuses them: then the settings of database and role apply, as with pg_restore alone.
 */
export async function withRestoreSettings(request: PgRestoreRequest): Promise<PgRestoreRequest> {
  const { target, database, create, dumpSettings = {}, signal } = request;
  const place = create ? maintenanceDatabase(database) : database;
  try {
    const settings = await withConnection(target, { database: place, signal }, permittedRestoreSettings);
    const { TimeZone } = dumpSettings;
    const zone = TimeZone === undefined ? [] : [{ name: 'TimeZone', value: TimeZone }];
    const options = [target.options, optionsOf([...settings, ...zone])].filter(Boolean).join(' ');
    const settled = { ...target, options };
    await withConnection(settled, { database: place, signal }, async () => undefined);
    return { ...request, target: settled };
  } catch {
    signal.throwIfAborted();
    return request;
  }
}
