import { messageOf } from '../../core/errors.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import type { Verified } from '../../core/manifest/verified.ts';
import { verifiedEvent } from '../../core/notify/verified-event.ts';
import type { VerifyRequest } from '../../core/verify/request.ts';
import { type TellDependencies, verifyAndTell } from '../../core/verify/verify-and-tell.ts';
import type { LogEvents } from '../lambda/log-events.ts';

/** A verification of which the log table hears, also where it came to no verdict. */
export async function loggedVerification(
  request: VerifyRequest,
  dependencies: TellDependencies,
  log: LogEvents,
): Promise<Verified> {
  const { clock } = dependencies;
  const { source, database } = request.id;
  const id = formatId(request.id);
  const began = clock();
  try {
    const verified = await verifyAndTell(request, dependencies);
    await log.on(verifiedEvent({ ...log.of, at: clock(), source }, id, verified));
    return verified;
  } catch (error: unknown) {
    const at = clock();
    const nothing = { verdict: undefined, level: undefined, error: messageOf(error) };
    const seconds = (at.getTime() - began.getTime()) / 1_000;
    await log.on({ ...log.of, kind: 'verified', at, source, database, id, seconds, ...nothing });
    throw error;
  } finally {
    await log.close();
  }
}
