import * as z from 'zod';
import { logName, logPlaceDefaults } from '../../core/config/backup-log.ts';
import { hostName, most } from '../../core/config/options.ts';
import { tlsModes } from '../../core/vocabulary.ts';
import { numberVariable, parseVariables, requiredText } from '../lambda/settings.ts';
import { logEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  secretArn: requiredText,
  host: hostName.optional(),
  port: numberVariable(1, most.port).optional(),
  database: z.string().optional(),
  sslMode: z.enum(tlsModes).optional(),
  rootCert: z.string().optional(),
  schema: logName.default(logPlaceDefaults.schema),
  table: logName.default(logPlaceDefaults.table),
});

export type LogSettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readLogSettings(env: NodeJS.ProcessEnv): LogSettings {
  return parseVariables(settingsSchema, logEnvironment, env);
}
