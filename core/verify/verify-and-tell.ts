import { formatId } from '../manifest/backup-id.ts';
import { isInOrder, type Verified } from '../manifest/verified.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import type { Notifier } from '../notify/notifier.ts';
import { Interrupted } from '../process/interrupted.ts';
import type { VerifyDependencies, VerifyRequest } from './request.ts';
import { verdictWords } from './verdict-words.ts';
import { verifyBackup } from './verify.ts';

export type TellDependencies = VerifyDependencies & {
  readonly notifier: Notifier;
};

/**
 * Verifies a backup, and lets people hear of it: of every run that did not find in order what it was asked for, also where
 * the backup still counts as good, and of one that could not be done at all; of the others where asked for.
 * @throws what verifyBackup throws, and AlertNotSent
 */
export async function verifyAndTell(
  request: VerifyRequest,
  dependencies: TellDependencies,
): Promise<Verified> {
  const { store, clock, notifier } = dependencies;
  const { source, database } = request.id;
  const base = {
    work: 'verification',
    source,
    database,
    store: store.url,
    id: formatId(request.id),
  } as const;
  let verification: Verified;
  try {
    verification = await verifyBackup(request, dependencies);
  } catch (error: unknown) {
    // Who pressed Ctrl-C knows.
    if (error instanceof Interrupted) throw error;
    const outcome = { ...base, ...describeFailure(error), result: 'unverifiable', at: clock() } as const;
    await notifier.tell(outcome);
    throw error;
  }
  const outcome: Outcome = { ...base, at: clock(), ...told(verification) };
  await notifier.tell(outcome);
  return verification;
}

function told(verified: Verified): Pick<Outcome, 'result' | 'what' | 'words' | 'fix'> {
  const { verdict, level, checks, without = [] } = verified;
  if (isInOrder(verified)) {
    const but = without.length > 0 ? `, without ${without.join(', ')}` : '';
    const words = checks.map(({ name, detail }) => `${name}: ${detail}`).join('\n');
    return { result: 'good', what: `${verdict} at level ${level}${but}`, words };
  }
  const { result, bad, fix } = verdictWords(verified);
  return { result, what: bad[0] ?? `${verdict} at level ${level}`, words: bad.join('\n'), fix };
}
