import { type Command, Option } from 'commander';
import { planDefaults } from '../core/config/defaults.ts';
import { type LockFor, parseObjectLock } from '../core/config/object-lock.ts';
import { most } from '../core/config/options.ts';
import { UsageError } from '../core/errors.ts';
import { prunableFileStore } from '../core/store/file/prunable-file-store.ts';
import type { StoreSettings } from '../core/store/open-store.ts';
import type { PrunableStore } from '../core/store/prunable.ts';
import type { Store } from '../core/store/store.ts';
import { parseStoreUrl } from '../core/store/store-url.ts';
import { type StorageClass, storageClasses } from '../core/vocabulary.ts';
import { nameOf, type StoreFlags, wholeNumber } from './options.ts';

/** The two places of a copy. */
export type PlaceFlags = StoreFlags & {
  readonly profile?: string;
  readonly to: string;
  readonly toEndpoint?: string;
  readonly toRegion?: string;
  readonly toProfile?: string;
  readonly toPathStyle?: true;
  readonly toStorageClass?: StorageClass;
  readonly toKmsKey?: string;
  readonly toPartLimit?: number;
  readonly toObjectLock?: LockFor;
  readonly stallTimeout: number;
};

/** Of the other place alone: keys are never flags, which every user of the machine can read. */
export const copyKeys = {
  id: 'PGPROOF_COPY_ACCESS_KEY_ID',
  secret: 'PGPROOF_COPY_SECRET_ACCESS_KEY',
  session: 'PGPROOF_COPY_SESSION_TOKEN',
} as const;

export function withPlaceFlags(command: Command): Command {
  return command
    .option('--profile <name>', "of AWS's configuration files, for --store", nameOf)
    .addOption(
      new Option(
        '--to <url>',
        'the second place: s3://bucket/prefix or file:///directory',
      ).makeOptionMandatory(),
    )
    .option('--to-endpoint <url>', 'an S3-compatible store instead of AWS', nameOf)
    .option('--to-region <region>', 'its region', nameOf)
    .option(
      '--to-profile <name>',
      `of AWS's configuration files; else ${copyKeys.id} and ${copyKeys.secret}`,
      nameOf,
    )
    .option('--to-path-style', 'address the bucket in the path, as many S3-compatible stores need')
    .addOption(
      new Option('--to-storage-class <class>', 'S3 storage class of archives there').choices([
        ...storageClasses,
      ]),
    )
    .option('--to-kms-key <arn>', 'encrypt with this KMS key there (default: the bucket decides)', nameOf)
    .addOption(
      new Option(
        '--to-part-limit <n>',
        'most parts of one upload there, where fewer than 10000 are allowed',
      ).argParser(wholeNumber(1, most.parts)),
    )
    .addOption(
      new Option('--to-object-lock <mode:days>', 'lock the copy: governance:30, compliance:30').argParser(
        parseObjectLock,
      ),
    )
    .addOption(
      new Option('--stall-timeout <s>', 'seconds without a byte that end the copy of a backup')
        .default(planDefaults.stallSeconds)
        .argParser(wholeNumber(1, 86_400)),
    );
}

/** Both places. The SDK takes a fifth of a second to load, so only who needs it loads it. @throws UsageError */
export async function placesFrom(
  flags: PlaceFlags,
): Promise<{ readonly from: Store; readonly to: PrunableStore }> {
  const { store, endpoint, pathStyle, profile } = flags;
  const from = await openPlace(store, { endpoint, forcePathStyle: pathStyle }, { profile });
  const keys = keysFromEnvironment(process.env);
  const settings = {
    endpoint: flags.toEndpoint,
    region: flags.toRegion,
    forcePathStyle: flags.toPathStyle,
    kmsKeyArn: flags.toKmsKey,
    storageClass: flags.toStorageClass,
    partLimit: flags.toPartLimit,
  };
  return { from, to: await openPlace(flags.to, settings, { profile: flags.toProfile, keys }) };
}

type Login = { readonly profile: string | undefined; readonly keys?: StoreSettings['credentials'] };

/** One that can delete: what an earlier copy left wrong is taken away, if these credentials may. */
async function openPlace(
  url: string,
  settings: StoreSettings,
  { profile, keys }: Login,
): Promise<PrunableStore> {
  const location = parseStoreUrl(url);
  if (location.kind === 'file') return prunableFileStore({ directory: location.directory });
  const { openPrunable } = await import('../core/store/open-prunable.ts');
  if (profile === undefined) return openPrunable(url, { ...settings, credentials: keys });
  const { profileSettings } = await import('../core/store/profile-settings.ts');
  return openPrunable(url, { ...settings, ...profileSettings(profile) });
}

/** @throws UsageError where there is only half of a pair */
function keysFromEnvironment(env: NodeJS.ProcessEnv): StoreSettings['credentials'] {
  const [id, secret, session] = [env[copyKeys.id], env[copyKeys.secret], env[copyKeys.session]];
  if (!id && !secret) return undefined;
  if (!id || !secret)
    throw new UsageError({
      what: 'Of the keys for the second place only one is set',
      got: id ? copyKeys.id : copyKeys.secret,
      expected: `${copyKeys.id} and ${copyKeys.secret}`,
      fix: 'Set both, or neither and --to-profile.',
    });
  return { accessKeyId: id, secretAccessKey: secret, ...(session ? { sessionToken: session } : {}) };
}
