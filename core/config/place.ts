import * as z from 'zod';
import { storageClasses } from '../vocabulary.ts';
import { most, someText } from './options.ts';
import { secretSchema } from './secret.ts';

/** A place for backups, as a plain server's configuration says it: a store of its own, or one for copies. */
export const placeOptions = {
  /** s3://bucket/prefix or file:///directory */
  url: someText,
  /** The URL of what speaks S3's API. @default AWS */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  /** The bucket in the path, as many S3-likes need. */
  pathStyle: z.boolean().optional(),
  /** Of AWS's configuration files. Either this or `accessKey`. @default the SDK's chain: environment, role */
  profile: someText.optional(),
  accessKey: z
    .strictObject({
      id: z.union([someText, secretSchema]),
      secret: secretSchema,
      session: secretSchema.optional(),
    })
    .optional(),
  kmsKeyArn: someText.optional(),
  storageClass: z.enum(storageClasses).optional(),
  partLimit: z.int().min(1).max(most.parts).optional(),
};
