import { z } from 'zod';
import { parseVariables } from '../shared/lambda/settings.ts';
import { notifyPolicies } from '../shared/notify/notifier.ts';
import { verifyEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  store: z.string().min(1),
  level: z.enum(['checksum', 'read']).default('read'),
  kmsKeyArn: z.string().optional(),
  topicArn: z.string().min(1),
  notify: z.enum(notifyPolicies).default('failures'),
});

export type VerifySettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readVerifySettings(env: NodeJS.ProcessEnv): VerifySettings {
  return parseVariables(settingsSchema as z.ZodType<VerifySettings>, verifyEnvironment, env);
}
