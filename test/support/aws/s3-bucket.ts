import { randomUUID } from 'node:crypto';
import type { Segment } from './s3-storage.ts';

export type Lock = { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly until: Date };

export type ServedObject = {
  readonly segments: readonly Segment[];
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly serverSideEncryption: string | undefined;
  readonly kmsKeyId: string | undefined;
  storageClass: string;
  /** As they came in the header: `key=value&…`. */
  readonly tags?: string | undefined;
  /** The tier of INTELLIGENT_TIERING that it has sunk into. */
  archiveStatus?: string | undefined;
  /** When it was, or will be, thawed, and until when. */
  thaw?: { readonly readyAt: Date; readonly until: Date | undefined } | undefined;
  readonly checksumAlgorithm: string | undefined;
  readonly lock?: Lock | undefined;
};

/** One entry of a key's history: an object, or a mark that there was none any more. */
export type Version = {
  readonly versionId: string;
  readonly modifiedAt: Date;
  /** Undefined: a delete marker. */
  readonly object: ServedObject | undefined;
  lock: Lock | undefined;
  legalHold: boolean;
};

export type BucketOptions = {
  readonly region?: string;
  /** Undefined: never was. */
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  /** Goes with versioning. */
  readonly objectLock?: boolean;
};

/** A bucket: what lies under each key now, and every version that did. */
export class Bucket {
  readonly region: string;
  readonly objectLock: boolean;
  versioning: 'Enabled' | 'Suspended' | undefined;
  /** What is there now. */
  readonly objects = new Map<string, ServedObject>();
  /** The newest first. A bucket without versioning has one of each key, called `null`. */
  readonly versions = new Map<string, Version[]>();

  constructor({ region = 'us-east-1', versioning, objectLock = false }: BucketOptions) {
    this.region = region;
    this.objectLock = objectLock;
    this.versioning = objectLock ? 'Enabled' : versioning;
  }

  /** @returns the version's id, and what is gone for good */
  put(key: string, object: ServedObject): { readonly versionId: string; readonly gone: readonly Segment[] } {
    return this.#add(key, object.modifiedAt, object);
  }

  /** A delete without a version. @returns the marker's id, where one was made */
  delete(
    key: string,
    now: Date,
  ): { readonly versionId: string | undefined; readonly gone: readonly Segment[] } {
    if (this.versioning !== undefined) return this.#add(key, now, undefined);
    const gone = this.objects.get(key)?.segments ?? [];
    this.objects.delete(key);
    this.versions.delete(key);
    return { versionId: undefined, gone };
  }

  version(key: string, versionId: string): Version | undefined {
    return this.versions.get(key)?.find((version) => version.versionId === versionId);
  }

  deleteVersion(key: string, version: Version): readonly Segment[] {
    this.#keep(
      key,
      (this.versions.get(key) ?? []).filter((one) => one !== version),
    );
    return version.object?.segments ?? [];
  }

  #add(
    key: string,
    modifiedAt: Date,
    object: ServedObject | undefined,
  ): { versionId: string; gone: readonly Segment[] } {
    const versionId = this.versioning === 'Enabled' ? randomUUID().replaceAll('-', '') : 'null';
    const before = this.versions.get(key) ?? [];
    // One that is called null takes the place of the one before.
    const replaced = versionId === 'null' ? before.filter((one) => one.versionId === 'null') : [];
    const version = { versionId, modifiedAt, object, lock: object?.lock, legalHold: false };
    this.#keep(key, [version, ...before.filter((one) => !replaced.includes(one))]);
    return { versionId, gone: replaced.flatMap((one) => one.object?.segments ?? []) };
  }

  #keep(key: string, versions: Version[]): void {
    if (versions.length === 0) this.versions.delete(key);
    else this.versions.set(key, versions);
    const newest = versions[0]?.object;
    if (newest === undefined) this.objects.delete(key);
    else this.objects.set(key, newest);
  }
}
