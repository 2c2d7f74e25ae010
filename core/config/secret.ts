import * as z from 'zod';

/** Environment variables as shells take them. */
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);

/**
 * Where a secret lies; never the secret itself, for configurations are kept in git and read by many.
 * `env`: an environment variable; `file`: a file, relative to the configuration, of which the last line break is not part;
 * `credential`: one that systemd hands over (LoadCredential=), in $CREDENTIALS_DIRECTORY.
 */
export const secretSchema = z.union([
  z.strictObject({ env: variableName }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ credential: z.string().regex(/^[A-Za-z0-9._-]+$/) }),
]);

export type SecretReference = Readonly<z.infer<typeof secretSchema>>;
