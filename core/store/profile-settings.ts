import type { StoreSettings } from './open-bucket.ts';

/**
 * The keys and the region of a profile in AWS's configuration files, for one store: two stores may have two. It holds
 * whatever keys the environment has, of which the SDK would warn if it were asked to choose. Nothing is read yet.
 */
export function profileSettings(profile: string): Pick<StoreSettings, 'profile' | 'credentials'> {
  return {
    profile,
    credentials: async () => {
      // Only who names a profile waits for it to load.
      const { fromIni } = await import('@aws-sdk/credential-providers');
      return await fromIni({ profile })();
    },
  };
}
