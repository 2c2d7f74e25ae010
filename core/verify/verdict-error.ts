import { PgproofError } from '../errors.ts';
import type { Verification } from '../manifest/verification.ts';

/** The verification was done, and the backup did not pass. */
export class BackupNotGood extends PgproofError {
  override readonly name = 'BackupNotGood';
  readonly verification: Verification;

  constructor(verification: Verification) {
    const { id, verdict, checks } = verification;
    super({
      what: `The backup ${id} is ${verdict}`,
      got: checks
        .filter(({ status }) => status !== 'passed')
        .map(({ name, detail }) => `${name}: ${detail}`)
        .join('\n'),
      fix:
        verdict === 'failed'
          ? 'Do not count on it: take another backup now, and keep the older ones.'
          : 'Mend what the verifier lacked, then verify again.',
    });
    this.verification = verification;
  }
}
