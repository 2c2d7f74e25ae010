import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { manifestName, type StoredFile } from '../manifest/manifest.ts';
import { type Measure, measure, meter } from '../store/meter.ts';
import type { PrunableStore } from '../store/prunable.ts';
import {
  ObjectExists,
  type ObjectLock,
  ObjectMissing,
  type StagedObject,
  type Store,
  smallBytes,
} from '../store/store.ts';
import { byteCount } from '../text/units.ts';
import { CopyDamaged, NotCopied, SourceDamaged } from './copy-errors.ts';

export type ObjectContext = {
  readonly id: BackupId;
  readonly from: Store;
  readonly to: Store;
  readonly lock: () => ObjectLock | undefined;
  readonly signal: AbortSignal;
  /** Hears of every piece that moved. */
  readonly onBytes: (step: 'copying' | 'checking', bytes: number) => void;
};

/**
 * Brings one object over, unless it lies there already as the manifest says: measured as it passes, and read back from the
 * other side. One that lies there and is wrong is taken away first, where the store lets us.
 *
 * @param isThere whether something lies under its key
 * @throws SourceDamaged, CopyDamaged, NotCopied, StoreUnusable
 */
export async function copyObject(file: StoredFile, isThere: boolean, context: ObjectContext): Promise<void> {
  if (isThere) {
    const problem = await whyWrong(file, context);
    if (problem === undefined) return;
    await takeAway(file, problem, context);
    context.onBytes('copying', -file.bytes);
  }
  if (file.bytes > smallBytes && (await copyWithin(file, context))) return;
  const taken = await (file.bytes <= smallBytes ? sendSmall(file, context) : send(file, context));
  const problem = await whyWrong(file, context);
  if (problem === undefined) return;
  // A store that does not know the condition may refuse it so, with nothing there.
  if (taken !== undefined && problem.isMissing) throw taken;
  await takeAway(file, problem, context);
  throw new CopyDamaged(
    context.id,
    problem,
    'It was taken away again. Copy once more; where it goes on, do not trust that store.',
  );
}

/** Between two stores that can do it themselves. @returns whether it lies there whole: what is wrong goes the long way */
async function copyWithin(file: StoredFile, context: ObjectContext): Promise<boolean> {
  const { id, from, to, lock, signal } = context;
  const key = keyOf(id, file.name);
  const { bytes } = file;
  const options = { expectedBytes: bytes, isSmall: isSmall(file), lock: lock(), signal };
  const staged = await to
    .stageFrom?.(key, { store: from, key, bytes }, options)
    .catch(missing(file, context));
  if (staged === undefined) return false;
  context.onBytes('copying', bytes);
  await commit(staged);
  const problem = await whyWrong(file, context);
  if (problem === undefined) return true;
  // Who is to blame, the first store or this one, shows when the bytes come by here.
  context.onBytes('copying', -bytes);
  await takeAway(file, problem, context);
  return false;
}

/** @returns the store's word where something lies under the key by now */
/** Roles and the like are read at once, however many there are; a small object goes in one request instead of three. */
function isSmall({ role, bytes }: StoredFile): boolean {
  return role !== 'archive' || bytes <= smallBytes;
}

async function send(file: StoredFile, context: ObjectContext): Promise<ObjectExists | undefined> {
  const { id, to, lock, signal } = context;
  const staged = await to.stage(keyOf(id, file.name), await read(file, context), {
    expectedBytes: file.bytes,
    isSmall: isSmall(file),
    lock: lock(),
    signal,
  });
  return await commit(staged);
}

async function sendSmall(file: StoredFile, context: ObjectContext): Promise<ObjectExists | undefined> {
  const { id, to, lock } = context;
  const pieces: Buffer[] = [];
  for await (const piece of (await read(file, context)) as AsyncIterable<Buffer>) pieces.push(piece);
  try {
    await to.create(keyOf(id, file.name), Buffer.concat(pieces), { lock: lock() });
    return undefined;
  } catch (error: unknown) {
    if (error instanceof ObjectExists) return error;
    throw error;
  }
}

/** Another copy of the same backup may have been first: what lies there is looked at like one's own. */
async function commit(staged: StagedObject): Promise<ObjectExists | undefined> {
  try {
    await staged.commit();
    return undefined;
  } catch (error: unknown) {
    await staged.abort();
    if (error instanceof ObjectExists) return error;
    throw error;
  }
}

/** The object's bytes, with SourceDamaged in the place of their end where they are not the manifest's. */
async function read(file: StoredFile, context: ObjectContext): Promise<Readable> {
  const { id, from, signal, onBytes } = context;
  const content = await from.read(keyOf(id, file.name), { signal }).catch(missing(file, context));
  const checked = meter(
    (_total, piece) => onBytes('copying', piece),
    (whole) => {
      const problem = problemOf(file, whole);
      return problem && new SourceDamaged(id, { name: file.name, store: from, ...problem });
    },
    file.bytes,
  );
  // Its error comes out of `checked`, where the reader meets it.
  pipeline(content, checked, { signal }).catch(() => undefined);
  return checked;
}

type Problem = {
  readonly name: string;
  readonly store: Store;
  readonly got: string;
  readonly expected: string;
  readonly isMissing?: true;
};

/** What the other side has, read back from its first byte to its last; undefined where it is what it should be. */
async function whyWrong(
  file: StoredFile,
  { id, to, signal, onBytes }: ObjectContext,
): Promise<Problem | undefined> {
  const about = { name: file.name, store: to };
  let content: Readable;
  try {
    content = await to.read(keyOf(id, file.name), { signal });
  } catch (error: unknown) {
    if (!(error instanceof ObjectMissing)) throw error;
    return { ...about, got: 'nothing', expected: `${byteCount(file.bytes)}`, isMissing: true };
  }
  const measured = measure();
  for await (const piece of content as AsyncIterable<Buffer>) {
    measured.add(piece);
    onBytes('checking', piece.length);
    if (measured.bytes() > file.bytes) break;
  }
  const problem = problemOf(file, measured);
  if (problem === undefined) return undefined;
  onBytes('checking', -measured.bytes());
  return { ...about, ...problem };
}

function problemOf(
  file: StoredFile,
  whole: Measure,
): { readonly got: string; readonly expected: string } | undefined {
  const bytes = whole.bytes();
  if (bytes !== file.bytes)
    return {
      got: `${bytes > file.bytes ? 'at least ' : ''}${byteCount(bytes)}`,
      expected: `${byteCount(file.bytes)}`,
    };
  const sha256 = whole.sha256();
  return sha256 === file.sha256
    ? undefined
    : { got: `SHA-256 ${sha256}`, expected: `SHA-256 ${file.sha256}` };
}

/**
 * Takes away what lies wrong under a key of a backup that has no manifest there. With one it would be somebody's backup.
 *
 * @throws CopyDamaged where the store does not let us; SourceDamaged where that has the same wrong bytes
 */
async function takeAway(file: StoredFile, problem: Problem, context: ObjectContext): Promise<void> {
  const { id, to, signal } = context;
  const { name } = file;
  const byHand = `Delete ${to.url}/${keyOf(id, name)}, and copy again.`;
  if (!isPrunable(to)) {
    // Who deletes it by hand and copies again would get the same, where the first store is to blame.
    for await (const _ of await read(file, context));
    throw new CopyDamaged(id, problem, byHand);
  }
  const manifest = keyOf(id, manifestName);
  for await (const { key } of to.list(manifest, { signal }))
    if (key === manifest) throw new CopyDamaged(id, problem, 'Another run has finished it: verify the copy.');
  const [left] = await to.remove([keyOf(id, name)], { signal });
  if (left !== undefined)
    throw new CopyDamaged(
      id,
      problem,
      `${byHand} These credentials may not: ${left.why.problem.got ?? left.why.problem.what}`,
    );
}

function isPrunable(store: Store): store is PrunableStore {
  return 'remove' in store;
}

/** Of an object that is not there: whether the whole backup went meanwhile, or only this. */
function missing(
  { name, bytes }: StoredFile,
  { id, from, signal }: ObjectContext,
): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!(error instanceof ObjectMissing)) throw error;
    const manifest = keyOf(id, manifestName);
    for await (const { key } of from.list(manifest, { signal }))
      if (key === manifest)
        throw new SourceDamaged(id, { name, store: from, got: 'nothing', expected: `${byteCount(bytes)}` });
    throw new NotCopied(
      {
        what: `${formatId(id)} was deleted in ${from.url} while it was copied`,
        got: `${name} and its manifest are gone`,
        fix: `What came over so far is no backup: pgproof prune --orphan ${formatId(id)} takes it away a day later.`,
      },
      { cause: error },
    );
  };
}
