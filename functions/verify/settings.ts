import { z } from 'zod';
import { bucketUrl, parseVariables, requiredText } from '../shared/lambda/settings.ts';
import { notifyPolicies } from '../shared/notify/notifier.ts';
import { verifyEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  store: bucketUrl,
  level: z.enum(['checksum', 'read']).default('read'),
  kmsKeyArn: z.string().optional(),
  topicArn: requiredText,
  notify: z.enum(notifyPolicies).default('failures'),
});

export type VerifySettings = z.infer<typeof settingsSchema>;

/** @throws BadSettings with every problem */
export function readVerifySettings(env: NodeJS.ProcessEnv): VerifySettings {
  return parseVariables(settingsSchema as z.ZodType<VerifySettings>, verifyEnvironment, env);
}
