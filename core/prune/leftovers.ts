import { messageOf, PgproofError } from '../errors.ts';
import { encodeName, idInKey } from '../manifest/backup-id.ts';
import { isAbandoned, type Unfinished } from '../store/prunable.ts';
import { isNameOfOurs } from './document-names.ts';
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
  const isMeant = (one: Unfinished): boolean => isOurs(one, { source, database });
  for (const one of found.filter((other) => isMeant(other) && isAbandoned(other, now, orphanAgeMs))) {
    const outcome: Outcome | undefined =
      apply && sweep ? await removal(() => store.removeUnfinished(one, { signal })) : undefined;
    leftovers.push({ name: one.key ?? one.id, bytes: one.bytes, newestAt: one.writtenAt, outcome });
  }
  return { leftovers, leftoversUnknown: incomplete && messageOf(incomplete) };
}

/** Others upload to the bucket too, and for days. A staging file has no key, and its name is ours alone. */
function isOurs(
  { key }: Unfinished,
  { source, database }: Pick<PruneRequest, 'source' | 'database'>,
): boolean {
  if (key === undefined) return true;
  const parts = key.split('/');
  const id = idInKey(parts.slice(0, 3).join('/'));
  return (
    id !== undefined &&
    isNameOfOurs(parts.slice(3).join('/')) &&
    (source === undefined || id.source === source) &&
    (database === undefined || id.database === database)
  );
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
