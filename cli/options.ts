import { Command, InvalidArgumentError, Option } from 'commander';
import { checkContact } from '../core/config/contact.ts';
import { isSystemIdentifier, most } from '../core/config/options.ts';
import type { LatestOptions } from '../core/inventory/latest.ts';
import { fileStore } from '../core/store/file/file-store.ts';
import { prunableFileStore } from '../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../core/store/prunable.ts';
import type { Store } from '../core/store/store.ts';
import { parseStoreUrl } from '../core/store/store-url.ts';
import { type StorageClass, storageClasses, variables } from '../core/vocabulary.ts';
import { tell } from './output/edge.ts';
import { pastTime } from './time.ts';

/** Flags that every command with a store has. */
export type StoreFlags = {
  readonly store: string;
  readonly endpoint?: string;
  readonly pathStyle?: true;
  readonly kmsKey?: string;
  readonly storageClass?: StorageClass;
  readonly partLimit?: number;
  /** Of the commands that only read. */
  readonly asOf?: Date;
};

/** A name: anything but nothing, which is what an unset variable of a script becomes. */
export function nameOf(text: string): string {
  if (text === '') throw new InvalidArgumentError('A name cannot be empty.');
  return text;
}

/** Collects a name that may be given several times. */
export function collectName(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, nameOf(text)];
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** A command with the flags that all have: `--json`, and a store with its settings. */
export function storeCommand(name: string): Command {
  return new Command(name)
    .addOption(
      new Option('--store <url>', 's3://bucket/prefix or file:///directory')
        .env(variables.store)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--endpoint <url>', 'an S3-compatible store instead of AWS').env('AWS_ENDPOINT_URL_S3'),
    )
    .addOption(
      new Option('--path-style', 'address the bucket in the path, as many S3-compatible stores need'),
    )
    .addOption(new Option('--json', 'print the result as one JSON document on standard output'));
}

/** The flag of the commands that can read a bucket as it was. */
export function withAsOf(command: Command): Command {
  return command.addOption(
    new Option(
      '--as-of <time>',
      'S3 with versioning: the store as it was then: 2026-11-20T02:00:00Z, 2026-11-20 (its beginning in UTC), 2d',
    ).argParser((text: string) => pastTime(text)),
  );
}

/** What `latest` may be, beside the newest good one. */
export type LatestFlags = PartialFlag & {
  readonly any?: true;
  readonly cluster?: string;
};

export type PartialFlag = { readonly partial?: true };

export function partialOption(): Option {
  return new Option('--partial', 'latest may be one that tables were left out of on purpose');
}

/** The flags of the commands that take `latest`: it means the same in all of them. */
export function withLatestFlags(command: Command): Command {
  return command
    .option('--any', 'latest is the newest, whatever its verdict; default: the newest good one')
    .addOption(partialOption())
    .addOption(
      new Option(
        '--cluster <identifier>',
        'latest is of the cluster with this system identifier, where a name holds backups of several',
      ).argParser(identifierOf),
    );
}

/** @throws InvalidArgumentError */
function identifierOf(text: string): string {
  if (isSystemIdentifier(text)) return text;
  throw new InvalidArgumentError('Expected the digits of a system identifier, as pgproof list prints them.');
}

/** What of the flags says which backup `latest` is. */
export function latestFrom({
  any,
  partial,
  cluster,
}: LatestFlags): Pick<LatestOptions, 'any' | 'partial' | 'cluster'> {
  return { any, partial, cluster };
}

export type ContactFlag = { readonly contact?: string };

/** The flag of the commands that write RECOVERY.md. */
export function contactOption(): Option {
  return new Option('--contact <who>', 'whom RECOVERY.md beside the backups says to ask: one line, no secret')
    .env(variables.contact)
    .argParser(checkContact);
}

/** Flags of the commands that write archives. */
export function withUploadFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--kms-key <arn>', 'encrypt with this KMS key (default: the bucket decides)').env(
        variables.kmsKeyArn,
      ),
    )
    .addOption(
      new Option('--storage-class <class>', 'S3 storage class of archives')
        .choices([...storageClasses])
        .env(variables.storageClass),
    )
    .addOption(
      new Option('--part-limit <n>', 'most parts of one upload, for stores that allow fewer than 10000')
        .env(variables.partLimit)
        .argParser(wholeNumber(1, most.parts)),
    );
}

/** The store that the flags name. The AWS SDK takes a fifth of a second to load, so only who needs it loads it. */
export async function storeFrom(flags: StoreFlags): Promise<Store> {
  if (flags.asOf !== undefined) return await pastFrom(flags, flags.asOf);
  const location = parseStoreUrl(flags.store);
  if (location.kind === 'file') return fileStore({ directory: location.directory });
  const { openStore } = await import('../core/store/open-store.ts');
  return openStore(flags.store, {
    endpoint: flags.endpoint,
    forcePathStyle: flags.pathStyle,
    kmsKeyArn: flags.kmsKey,
    storageClass: flags.storageClass,
    partLimit: flags.partLimit,
  });
}

async function pastFrom(flags: StoreFlags, at: Date): Promise<Store> {
  const { openAsOf } = await import('../core/store/open-as-of.ts');
  const store = openAsOf(flags.store, at, { endpoint: flags.endpoint, forcePathStyle: flags.pathStyle });
  tell(process.stderr, [`As of ${at.toISOString()}: what was written or deleted since does not show.`]);
  return store;
}

/** The same, for commands that delete or hold: it can do more, and takes longer to load. */
export async function prunableStoreFrom(flags: StoreFlags): Promise<PrunableStore> {
  const location = parseStoreUrl(flags.store);
  if (location.kind === 'file') return prunableFileStore({ directory: location.directory });
  const { openPrunable } = await import('../core/store/open-prunable.ts');
  return openPrunable(flags.store, { endpoint: flags.endpoint, forcePathStyle: flags.pathStyle });
}
