import { formatId } from '../manifest/backup-id.ts';
import type { Verification } from '../manifest/verification.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import type { Notifier } from '../notify/notifier.ts';
import { Interrupted } from '../process/interrupted.ts';
import type { VerifyDependencies, VerifyRequest } from './request.ts';
import { verifyBackup } from './verify.ts';

export type TellDependencies = VerifyDependencies & {
  readonly notifier: Notifier;
};

/**
 * Verifies a backup, and lets people hear of it: of every verdict that is not good, and of a verification that could
 * not be done at all; of the good ones where asked for.
 * @throws what verifyBackup throws, and AlertNotSent
 */
export async function verifyAndTell(
  request: VerifyRequest,
  dependencies: TellDependencies,
): Promise<Verification> {
  const { store, clock, notifier } = dependencies;
  const { source, database } = request.id;
  const base = {
    work: 'verification',
    source,
    database,
    store: store.url,
    id: formatId(request.id),
  } as const;
  let verification: Verification;
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

function told({ verdict, level, checks }: Verification): Pick<Outcome, 'result' | 'what' | 'words' | 'fix'> {
  const bad = checks.filter(({ status }) => status !== 'passed');
  const [first] = bad;
  const what = first === undefined ? `${verdict} at level ${level}` : `${first.name}: ${first.detail}`;
  const words = (bad.length > 0 ? bad : checks).map(({ name, detail }) => `${name}: ${detail}`).join('\n');
  switch (verdict) {
    case 'proven':
    case 'intact':
      return { result: 'good', what, words };
    case 'failed':
      return {
        result: 'failed',
        what,
        words,
        fix: 'Do not count on this backup: take another one now, and keep the older ones.',
      };
    case 'unverifiable':
      return {
        result: 'unverifiable',
        what,
        words,
        fix: 'Mend what the verifier lacked, then verify again: pgproof verify ID.',
      };
  }
}
