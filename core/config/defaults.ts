/**
 * What an option is where nobody sets it: in cdk.json, in the construct's props, in a function's variables, on the
 * command line.
 */
export const planDefaults = {
  format: 'custom',
  jobs: 1,
  parallel: 1,
  rows: 'exact',
  fingerprint: false,
  rolePasswords: true,
  lockWaitSeconds: 60,
  stallSeconds: 300,
} as const;

/** Who hears of what. */
export const defaultPolicy = 'failures';

/** How deep a backup is verified. The functions have a server to restore into; who calls the command need not. */
export const defaultLevel = { functions: 'auto', command: 'read' } as const;
