import { withConnection } from '../connect/connect.ts';
import { ConnectionFailed } from '../connect/connection-failed.ts';
import { errorWordOf, type Language, languageOf } from '../connect/language.ts';
import { optionsOf, permittedRestoreSettings, restoreSettings } from '../connect/restore-settings.ts';
import { settingsTakenHere } from '../facts/dump-settings.ts';
import { maintenanceDatabase } from './new-database.ts';
import type { PgRestoreRequest } from './restoration.ts';

export type SettledRequest = {
  readonly request: PgRestoreRequest;
  /** False where a pooler refused the settings. */
  readonly isSettled: boolean;
};

/** Of the session that dumped: what its values were valid under. pg_dump's scripts set the others themselves. */
const valueSettings = ['TimeZone', 'lc_monetary'] as const;

/** protocol_violation: how a pooler refuses options that it does not pass on. */
const optionsRefused = '08P01';

/**
 * The request with a target whose sessions speak under the restore's settings, as far as its role may set them. A
 * pooler that passes no options on refuses them: then the settings of database and role apply, as with pg_restore
 * alone. Whatever else goes wrong is left for pg_restore to meet, never a reason to restore without the settings.
 */
export async function withRestoreSettings(request: PgRestoreRequest): Promise<SettledRequest> {
  const { target, database, create, maintenance, dumpSettings = {}, signal } = request;
  const place = create ? (maintenance ?? maintenanceDatabase(database)) : database;
  let settings = restoreSettings;
  let taken = dumpSettings;
  // What is judged by its words is best had in English.
  let language: Language = { settings: [], errorWord: undefined };
  try {
    await withConnection(target, { database: place, signal }, async (client) => {
      settings = await permittedRestoreSettings(client);
      taken = await settingsTakenHere(client, dumpSettings);
      language = await languageOf(client);
    });
  } catch {
    signal.throwIfAborted();
  }
  const ofValues = valueSettings.flatMap((name) => {
    const value = taken[name];
    return value === undefined ? [] : [{ name, value }];
  });
  const options = [target.options, optionsOf([...settings, ...ofValues, ...language.settings])]
    .filter(Boolean)
    .join(' ');
  const { errorWord } = language;
  const settled = { ...request, errorWord, target: { ...target, options } };
  try {
    await withConnection(settled.target, { database: place, signal }, async () => undefined);
  } catch (error: unknown) {
    signal.throwIfAborted();
    if (error instanceof ConnectionFailed && error.code === optionsRefused) {
      const word = errorWord ?? (await askedErrorWord(request, place));
      return { request: { ...request, errorWord: word }, isSettled: false };
    }
  }
  return { request: settled, isSettled: true };
}

async function askedErrorWord(request: PgRestoreRequest, database: string): Promise<string | undefined> {
  const { target, signal } = request;
  return await withConnection(target, { database, signal }, errorWordOf).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}
