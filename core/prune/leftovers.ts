import { messageOf, PgproofError } from '../errors.ts';
import { encodeName } from '../manifest/backup-id.ts';
import { isAbandoned } from '../store/prunable.ts';
import { orphanAgeMs } from './orphans.ts';
import type { Leftover, Outcome } from './report.ts';
import type { PruneRequest } from './request.ts';

/** Uploads that nobody ended and staging files of killed runs, and what became of them where they were to go. */
export async function sweepLeftovers(
  { store, source, database, apply, sweep, signal }: PruneRequest,
  now: Date,
): Promise<{ readonly leftovers: readonly Leftover[]; readonly leftoversUnknown: string | undefined }> {
  const folders = [source, source === undefined ? undefined : database];
  const prefix = folders.flatMap((name) => (name === undefined ? [] : [`${encodeName(name)}/`])).join('');
  const { found, incomplete } = await store.listUnfinished(prefix, { signal });
  const leftovers: Leftover[] = [];
  for (const one of found.filter((unfinished) => isAbandoned(unfinished, now, orphanAgeMs))) {
    const outcome: Outcome | undefined =
      apply && sweep ? await removal(() => store.removeUnfinished(one, { signal })) : undefined;
    leftovers.push({ name: one.key ?? one.id, bytes: one.bytes, newestAt: one.writtenAt, outcome });
  }
  return { leftovers, leftoversUnknown: incomplete && messageOf(incomplete) };
}

async function removal(remove: () => Promise<void>): Promise<Outcome> {
  try {
    await remove();
    return { kind: 'gone' };
  } catch (error: unknown) {
    if (error instanceof PgproofError) return { kind: 'failed', why: messageOf(error), isListed: false };
    throw error;
  }
}
