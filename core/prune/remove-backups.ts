import { messageOf } from '../errors.ts';
import { judgeManifest } from '../inventory/judge-manifest.ts';
import { readBytes, readOr } from '../inventory/read-document.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { serialize, Unreadable } from '../manifest/document.ts';
import { holdName } from '../manifest/hold.ts';
import { manifestName } from '../manifest/manifest.ts';
import { type Pruned, prunedName } from '../manifest/pruned.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import { sha256Of } from '../store/meter.ts';
import type { NotRemoved, PrunableStore } from '../store/prunable.ts';
import { ObjectExists, StoreUnusable } from '../store/store.ts';
import { isDocument } from './document-names.ts';
import { isHeld } from './held.ts';
import type { Outcome } from './report.ts';

/** A backup that is to go, as it was when that was decided. */
export type Doomed = {
  readonly id: BackupId;
  /** Of the manifest that retention went by. */
  readonly manifestSha256: string | undefined;
};

/** Requests under way at once, as for reading. */
const atOnce = 16;

/**
 * Deletes backups, step by step for all of them together, so that a request to S3 takes a thousand keys.
 *
 * For each, its manifest is read and judged, and `pruned.json` created; then the manifests go, and from then on there are no
 * such backups; then documents, roles and, last, archives; `pruned.json` when all else is gone. Cut off anywhere, every backup is
 * listed and whole, or not listed and told by its `pruned.json`.
 *
 * @returns what became of each, by its id
 * @throws StoreUnusable where nothing can be read or written at all
 */
export async function removeBackups(
  doomed: readonly Doomed[],
  { store, now, signal }: { readonly store: PrunableStore; readonly now: Date; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const begun: Begun[] = [];
  const words: string[] = [];
  try {
    await mapInParallel(doomed, atOnce, async (one) => {
      signal.throwIfAborted();
      const start = await begin(store, one, { now, signal, words }).catch((error: unknown) => {
        // One folder that somebody made unwritable is no reason to keep all others for ever.
        if (!(error instanceof StoreUnusable && error.isOfObject)) throw error;
        return { kind: 'failed', why: messageOf(error), isListed: true } as const;
      });
      if ('names' in start) begun.push(start);
      else outcomes.set(formatId(one.id), start);
    });
    signal.throwIfAborted();
  } catch (error: unknown) {
    // They stay, and our word would lie.
    await store.remove(words).catch(() => undefined);
    throw error;
  }

  const failed = (one: Begun, why: string, isListed: boolean): void => {
    outcomes.set(formatId(one.id), { kind: 'failed', why, isListed });
  };
  /** Removes some objects of each, and leaves out from then on those of which one could not be. */
  const step = async (
    from: readonly Begun[],
    namesOf: (one: Begun) => readonly string[],
    isListed: boolean,
  ) => {
    const keys = from.flatMap((one) => namesOf(one).map((name) => keyOf(one.id, name)));
    const left = whyByBackup(await store.remove(keys));
    return from.filter((one) => {
      const why = left.get(formatId(one.id));
      if (why !== undefined) failed(one, why, isListed);
      return why === undefined;
    });
  };
  // From here on it is ended, whoever wants to stop: or what is no backup any more would lie there.
  const unlisted = await step(begun, () => [manifestName], true);
  // What is listed still is no longer going: the record of it would lie. Where the answer was lost it may be gone all the same.
  const stays: Begun[] = [];
  for (const one of begun)
    if (!unlisted.includes(one) && (await isStillListed(store, one.id).catch(() => false))) stays.push(one);
  await store.remove(stays.map(({ id }) => keyOf(id, prunedName)));
  const bare = await step(unlisted, ({ names }) => names, false);
  const emptied = await step(bare, ({ archive }) => archive, false);
  // Who held one meanwhile was told that it is going.
  for (const one of await step(emptied, () => [holdName, prunedName], false))
    outcomes.set(formatId(one.id), { kind: 'gone' });
  return outcomes;
}

type Begun = {
  readonly id: BackupId;
  /** Documents and roles. */
  readonly names: readonly string[];
  readonly archive: readonly string[];
};

/** Reads what the manifest names and leaves word of what is to come; or says why this one is left alone. */
async function begin(
  store: PrunableStore,
  { id, manifestSha256 }: Doomed,
  { now, signal, words }: { readonly now: Date; readonly signal: AbortSignal; readonly words: string[] },
): Promise<Begun | Outcome> {
  const key = keyOf(id, manifestName);
  const bytes = await readBytes(store, key, 0, { signal });
  if (bytes === undefined) return left('somebody else has deleted it meanwhile');
  if (bytes instanceof Unreadable) return left(bytes.unreadable);
  if (manifestSha256 !== undefined && sha256Of(bytes) !== manifestSha256)
    return left('another manifest lies there than the one that was decided on');
  const manifest = readOr(() => judgeManifest(bytes, id, key));
  if (manifest instanceof Unreadable) return left(manifest.unreadable);
  const archive = manifest.objects.filter(({ role }) => role === 'archive').map(({ name }) => name);
  const others = manifest.objects.filter(({ role }) => role !== 'archive').map(({ name }) => name);
  const beside = await documentsBeside(store, id, signal);
  const names = [...beside.filter((name) => name !== prunedName), ...others];
  await leaveWord(store, id, {
    formatVersion: 1,
    id: formatId(id),
    prunedAt: now.toISOString(),
    objects: [...names, ...archive],
  });
  words.push(keyOf(id, prunedName));
  // Held since the store was listed. Who holds looks for our word afterwards, as we look for theirs: one of us sees it.
  if (await isHeld(store, id, now, signal)) {
    await store.remove([keyOf(id, prunedName)]);
    return left('it was held meanwhile');
  }
  return { id, names, archive };
}

/** Documents of ours, but for the manifest: the verification and those put aside, the summary, a release. */
async function documentsBeside(store: PrunableStore, id: BackupId, signal: AbortSignal): Promise<string[]> {
  const folder = `${formatId(id)}/`;
  const names: string[] = [];
  for await (const { key } of store.list(folder, { signal, skips: () => true })) {
    const name = key.slice(folder.length);
    if (isDocument(name) && name !== manifestName) names.push(name);
  }
  return names;
}

/** Asked of the listing: a store that cannot be asked lets `pruned.json` be, which the next run looks at. */
async function isStillListed(store: PrunableStore, id: BackupId): Promise<boolean> {
  const key = keyOf(id, manifestName);
  for await (const object of store.list(key)) if (object.key === key) return true;
  return false;
}

/** One that lies there is in the place of ours: of a run that was cut off, and may not know of all that lies there now. */
async function leaveWord(store: PrunableStore, id: BackupId, pruned: Pruned): Promise<void> {
  const key = keyOf(id, prunedName);
  const create = (): Promise<void> => store.create(key, serialize(pruned));
  try {
    await create();
  } catch (error: unknown) {
    // Who prunes because the disk is full cannot be asked to make room first. Cut off now, only --orphan takes the rest.
    if (error instanceof StoreUnusable && error.isFull) return;
    if (!(error instanceof ObjectExists)) throw error;
    // Prune may create and delete it, but not replace it.
    const [refused] = await store.remove([key]);
    if (refused !== undefined) throw refused.why;
    await create().catch((again: unknown) => {
      // Another run that goes on at this moment.
      if (!(again instanceof ObjectExists)) throw again;
    });
  }
}

function left(why: string): Outcome {
  return { kind: 'left', why };
}

/** By the id that a key begins with; the first reason of each. */
function whyByBackup(notRemoved: readonly NotRemoved[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { key, why } of notRemoved) {
    const id = key.split('/').slice(0, 3).join('/');
    if (!found.has(id)) found.set(id, messageOf(why));
  }
  return found;
}
