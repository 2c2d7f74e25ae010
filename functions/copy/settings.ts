import * as z from 'zod';
import { checkedBy } from '../../core/config/checked-by.ts';
import { contactText } from '../../core/config/contact.ts';
import { defaultPolicy } from '../../core/config/defaults.ts';
import { type LockFor, parseObjectLock } from '../../core/config/object-lock.ts';
import { most } from '../../core/config/options.ts';
import {
  type NotifyPolicy,
  notifyPolicies,
  type StorageClass,
  storageClasses,
} from '../../core/vocabulary.ts';
import { type OtherPlaceSettings, otherPlaceSettings } from '../lambda/other-place.ts';
import { bucketUrl, jsonNames, numberVariable, parseVariables, requiredText } from '../lambda/settings.ts';
import { copyEnvironment } from './contract.ts';

const settingsSchema = z.strictObject({
  store: bucketUrl,
  sources: jsonNames.refine((names) => names.length > 0, { error: 'expected at least one name' }),
  name: requiredText,
  to: bucketUrl,
  ...otherPlaceSettings,
  kmsKeyArn: z.string().optional(),
  storageClass: z.enum(storageClasses).optional(),
  partLimit: numberVariable(1, most.parts).optional(),
  objectLock: checkedBy(parseObjectLock).optional(),
  maxAgeHours: numberVariable(1, 87_600),
  contact: contactText.optional(),
  logTopicArn: z.string().optional(),
  topicArn: requiredText,
  notify: z.enum(notifyPolicies).default(defaultPolicy),
});

export type CopySettings = OtherPlaceSettings & {
  readonly store: string;
  readonly sources: readonly string[];
  readonly name: string;
  readonly to: string;
  readonly kmsKeyArn: string | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly partLimit: number | undefined;
  readonly lock: LockFor | undefined;
  readonly maxAgeHours: number;
  readonly contact: string | undefined;
  readonly logTopicArn: string | undefined;
  readonly topicArn: string;
  readonly notify: NotifyPolicy;
};

/** @throws BadSettings with every problem */
export function readCopySettings(env: NodeJS.ProcessEnv): CopySettings {
  const { objectLock, ...settings } = parseVariables(settingsSchema, copyEnvironment, env);
  const { kmsKeyArn, storageClass, partLimit, contact, logTopicArn } = settings;
  const lock = objectLock === undefined ? undefined : parseObjectLock(objectLock);
  return { ...settings, kmsKeyArn, storageClass, partLimit, lock, contact, logTopicArn };
}
