import { PgproofError } from '../../core/errors.ts';

/** A layer could not be built. Nothing half-built is left behind. */
export class LayerBuildError extends PgproofError {
  override readonly name: string = 'LayerBuildError';
}

/** The machine has no apt-get and dpkg-deb, which the builder works with. */
export class NotDebianError extends LayerBuildError {
  override readonly name = 'NotDebianError';

  constructor(missing: string, options?: ErrorOptions) {
    super(
      {
        what: 'PostgreSQL programs cannot be fetched here',
        got: `this machine is not Debian or Ubuntu (no ${missing})`,
        fix: 'Install the PostgreSQL client programs with the package manager, or set PGPROOF_PG_BIN to their directory.',
      },
      options,
    );
  }
}

/** None of the machine's package sources has this major version. */
export class UnknownMajorError extends LayerBuildError {
  override readonly name = 'UnknownMajorError';

  constructor(major: number, available: readonly number[]) {
    super({
      what: `PostgreSQL ${major} is in none of this machine's package sources`,
      expected: available.length === 0 ? undefined : `one of ${available.join(', ')}`,
      fix: 'Choose one of these, or add the PostgreSQL project’s own package source (apt.postgresql.org) to the machine.',
    });
  }
}
