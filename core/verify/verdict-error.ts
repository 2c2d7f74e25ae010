import { PgproofError } from '../errors.ts';
import { isPass } from '../manifest/verification.ts';
import type { Verified } from '../manifest/verified.ts';
import { verdictWords } from './verdict-words.ts';

/** The verification was done, and did not find in order what it was asked for; or the backup is failed all the same. */
export class BackupNotGood extends PgproofError {
  override readonly name = 'BackupNotGood';
  readonly verification: Verified;

  constructor(verification: Verified) {
    const { id, verdict } = verification;
    const { bad, fix } = verdictWords(verification);
    super({
      what: `The backup ${id} is ${isPass(verdict) ? 'failed' : verdict}`,
      got: bad.join('\n'),
      fix,
    });
    this.verification = verification;
  }
}
