import { PgproofError } from '../errors.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import type { Store } from '../store/store.ts';

/** What lies in the first store is not what the manifest says. Nothing wrong was made visible in the other one. */
export class SourceDamaged extends PgproofError {
  override readonly name = 'SourceDamaged';

  constructor(id: BackupId, { name, store, got, expected }: Found) {
    super({
      what: `${formatId(id)} is damaged in ${store.url}, and is not copied: ${name}`,
      got,
      expected,
      fix: 'Verify it there (pgproof verify); the version history of a bucket may hold the true bytes.',
    });
  }
}

/** The other store took the bytes, and has others, or cannot be rid of what an earlier copy left wrong. */
export class CopyDamaged extends PgproofError {
  override readonly name = 'CopyDamaged';

  constructor(id: BackupId, { name, store, got, expected }: Found, fix: string) {
    super({ what: `${name} of ${formatId(id)} does not lie whole in ${store.url}`, got, expected, fix });
  }
}

/** Under that id the other store has another backup. Nothing of it is touched. */
export class CopyConflict extends PgproofError {
  override readonly name = 'CopyConflict';

  constructor(id: BackupId, { store, got, expected }: Omit<Found, 'name'>) {
    super({
      what: `Another backup lies under ${formatId(id)} in ${store.url}`,
      got,
      expected,
      fix: 'Nothing was overwritten. Copy into a store of its own for each first store, or give each source a name of its own.',
    });
  }
}

/** There is nothing to copy, or nothing that should be. */
export class NotCopied extends PgproofError {
  override readonly name = 'NotCopied';
}

type Found = {
  /** Of the object, below the backup. */
  readonly name: string;
  readonly store: Store;
  readonly got: string;
  readonly expected: string;
};
