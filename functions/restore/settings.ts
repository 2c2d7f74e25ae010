import * as z from 'zod';
import { hostName, most } from '../../core/config/options.ts';
import { parseIdOrLatest } from '../../core/manifest/backup-id.ts';
import { readTableSelector } from '../../core/restore/name-pattern.ts';
import type { Selection, TableSelector } from '../../core/restore/request.ts';
import { tlsModes } from '../../core/vocabulary.ts';
import { BadSettings, bucketUrl, numberVariable, parseVariables, requiredText } from '../lambda/settings.ts';
import { type RestoreEvent, restoreEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  source: requiredText,
  store: bucketUrl,
  secretArn: z.string().optional(),
  host: hostName.optional(),
  port: numberVariable(1, most.port).optional(),
  sslMode: z.enum(tlsModes).optional(),
  rootCert: z.string().optional(),
  topicArn: requiredText,
});

export type RestoreSettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readRestoreSettings(env: NodeJS.ProcessEnv): RestoreSettings {
  return parseVariables(settingsSchema as z.ZodType<RestoreSettings>, restoreEnvironment, env);
}

/** Only this function's source: its rights end there too. @throws BadSettings, UsageError */
export function checkSource({ backup }: RestoreEvent, { source }: RestoreSettings): void {
  const asked = parseIdOrLatest(backup);
  if (asked.source === source) return;
  throw new BadSettings({
    what: 'This function restores the backups of another source',
    got: asked.source,
    expected: source,
    fix: `Call the restore function of ${asked.source}.`,
  });
}

/** @throws BadSettings */
export function selectionOf(event: RestoreEvent): Selection {
  return {
    tables: (event.tables ?? []).map((text) => tableOf('tables', text)),
    schemas: event.schemas ?? [],
    excludeTables: (event.excludeTables ?? []).map((text) => tableOf('excludeTables', text)),
    excludeSchemas: event.excludeSchemas ?? [],
    part: event.schemaOnly ? 'schema' : event.dataOnly ? 'data' : 'all',
    owners: event.noOwner !== true,
    privileges: event.noPrivileges !== true,
  };
}

function tableOf(key: string, text: string): TableSelector {
  const name = readTableSelector(text);
  if (name !== undefined) return name;
  throw new BadSettings({
    what: `${key} holds what is no name of a table`,
    got: JSON.stringify(text),
    expected: 'table or schema.table, odd parts in double quotes as in SQL, or a pattern as psql has it',
    fix: 'Correct it.',
  });
}
