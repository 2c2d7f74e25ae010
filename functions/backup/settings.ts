import * as z from 'zod';
import type { BackupPlan } from '../../core/backup/plan.ts';
import { checkedBy } from '../../core/config/checked-by.ts';
import { parseCompression } from '../../core/config/compression.ts';
import { contactText } from '../../core/config/contact.ts';
import { defaultPolicy, planDefaults } from '../../core/config/defaults.ts';
import { parseObjectLock } from '../../core/config/object-lock.ts';
import { hostName, most } from '../../core/config/options.ts';
import { checkSourceName } from '../../core/config/source-name.ts';
import {
  contradictingPattern,
  selectionFrom,
  type TableSelection,
} from '../../core/config/table-selection.ts';
import {
  authKinds,
  formats,
  notifyPolicies,
  rowModes,
  storageClasses,
  tlsModes,
} from '../../core/vocabulary.ts';
import {
  BadSettings,
  bucketUrl,
  jsonNames,
  numberVariable,
  parseVariables,
  requiredText,
} from '../lambda/settings.ts';
import { type BackupEvent, backupEnvironment } from './contract.ts';

const trueOrFalse = z.enum(['true', 'false']).transform((text) => text === 'true');

const settingsSchema = z
  .strictObject({
    source: checkedBy(checkSourceName, requiredText),
    store: bucketUrl,
    secretArn: z.string().optional(),
    auth: z.enum(authKinds).default('secret'),
    host: hostName.optional(),
    port: numberVariable(1, most.port).optional(),
    user: z.string().optional(),
    maintenanceDatabase: z.string().optional(),
    sslMode: z.enum(tlsModes).optional(),
    rootCert: z.string().optional(),
    databases: jsonNames.default([]),
    excludeDatabases: jsonNames.default([]),
    schemas: jsonNames.optional(),
    excludeSchemas: jsonNames.optional(),
    excludeTables: jsonNames.optional(),
    excludeTableData: jsonNames.optional(),
    format: z.enum(formats).default(planDefaults.format),
    compress: checkedBy(parseCompression).optional(),
    jobs: numberVariable(1, most.jobs).default(planDefaults.jobs),
    parallel: numberVariable(1, most.parallel).default(planDefaults.parallel),
    rows: z.enum(rowModes).default(planDefaults.rows),
    fingerprint: trueOrFalse.default(planDefaults.fingerprint),
    rolePasswords: trueOrFalse.default(planDefaults.rolePasswords),
    lockWaitSeconds: numberVariable(1, 86_400).default(planDefaults.lockWaitSeconds),
    stallSeconds: numberVariable(1, 86_400).default(planDefaults.stallSeconds),
    partLimit: numberVariable(1, most.parts).optional(),
    kmsKeyArn: z.string().optional(),
    storageClass: z.enum(storageClasses).optional(),
    objectLock: checkedBy(parseObjectLock).optional(),
    contact: contactText.optional(),
    logTopicArn: z.string().optional(),
    topicArn: requiredText,
    notify: z.enum(notifyPolicies).default(defaultPolicy),
  })
  .superRefine(
    (settings, context) => {
      const missing = (key: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [key], message });
      if (settings.auth === 'secret' && settings.secretArn === undefined)
        missing('secretArn', 'required unless PGPROOF_AUTH is iam');
      if (settings.auth === 'iam' && settings.host === undefined)
        missing('host', 'required with PGPROOF_AUTH=iam');
      if (settings.auth === 'iam' && settings.user === undefined)
        missing('user', 'required with PGPROOF_AUTH=iam');
    },
    // Also where other variables are wrong: all problems are reported together.
    { when: () => true },
  );

export type BackupSettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readBackupSettings(env: NodeJS.ProcessEnv): BackupSettings {
  return parseVariables(settingsSchema as z.ZodType<BackupSettings>, backupEnvironment, env);
}

/**
 * The function's configuration, with what the event overrides for this run.
 * @throws BadSettings where the two contradict each other, UsageError for an unknown compression
 */
export function planFromSettings(settings: BackupSettings, event: BackupEvent): BackupPlan {
  const compress = event.compress ?? settings.compress;
  const format = event.format ?? settings.format;
  if ((event.jobs ?? 1) > 1 && format !== 'directory') {
    throw new BadSettings({
      what: 'The event asks for workers, which only the directory format has',
      got: `jobs ${event.jobs}, format ${format}`,
      fix: 'Add "format": "directory", or leave jobs out.',
    });
  }
  const rows = event.rows ?? settings.rows;
  const fingerprint = event.fingerprint ?? settings.fingerprint;
  if (fingerprint && rows === 'none') {
    throw new BadSettings({
      what: 'Fingerprints are taken while rows are counted, which is switched off',
      got: `fingerprint ${fingerprint}, rows ${rows}`,
      fix: 'Set rows to "exact", or fingerprint to false.',
    });
  }
  const selection = selectionOf(settings, event);
  const databases = event.databases ?? settings.databases;
  const excludeDatabases = event.excludeDatabases ?? settings.excludeDatabases;
  const both = databases.find((name) => excludeDatabases.includes(name));
  if (both !== undefined) {
    throw new BadSettings({
      what: 'A database is asked for and left out',
      got: `${JSON.stringify(both)} in databases and in excludeDatabases`,
      fix: 'Remove it from one of the two; an empty list leaves out nothing.',
    });
  }
  return {
    databases,
    excludeDatabases,
    ...(selection === undefined ? {} : { selection }),
    format,
    compression: compress === undefined ? undefined : parseCompression(compress),
    // Workers that the configuration gives to directory dumps mean nothing to a run in another format.
    jobs: event.jobs ?? (format === 'directory' ? settings.jobs : 1),
    parallel: event.parallel ?? settings.parallel,
    rows,
    fingerprint,
    rolePasswords: settings.rolePasswords,
    lock: settings.objectLock === undefined ? undefined : parseObjectLock(settings.objectLock),
    lockWaitSeconds: settings.lockWaitSeconds,
    stallSeconds: settings.stallSeconds,
    reason: event.reason,
    schedule: event.schedule,
  };
}

/** @throws BadSettings where what is asked for is left out too */
function selectionOf(settings: BackupSettings, event: BackupEvent): TableSelection | undefined {
  const selection = selectionFrom({
    schemas: event.schemas ?? settings.schemas,
    excludeSchemas: event.excludeSchemas ?? settings.excludeSchemas,
    excludeTables: event.excludeTables ?? settings.excludeTables,
    excludeTableData: event.excludeTableData ?? settings.excludeTableData,
  });
  const same = contradictingPattern(selection ?? {});
  if (same === undefined) return selection;
  throw new BadSettings({
    what: 'A schema is asked for and left out',
    got: `${JSON.stringify(same)} in schemas and in excludeSchemas`,
    fix: 'Remove it from one of the two; an empty list leaves out nothing.',
  });
}
