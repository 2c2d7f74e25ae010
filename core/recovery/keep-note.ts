import { isAhead } from '../inventory/ahead.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { recoveryNoteKey } from '../manifest/recovery-note.ts';
import type { Timings } from '../manifest/verification.ts';
import { ObjectChanged, ObjectExists, type Store } from '../store/store.ts';
import { composeNote } from './compose-note.ts';
import { factsOf } from './facts.ts';
import { memoryIn, type NoteMemory } from './mark.ts';
import { placeOf } from './place.ts';

export type NoteRequest = {
  readonly store: Store;
  /** Of the newest backup. */
  readonly manifest: Manifest;
  /** Of a run that proved it. */
  readonly timings?: Timings | undefined;
  /** Who is to be asked. @default whoever the note names that lies there */
  readonly contact?: string | undefined;
  /** What lies there is not of a backup that was begun after this. @default now */
  readonly now?: Date | undefined;
};

/**
 * `written`; `kept`: what lies there says the same, or is of a newer backup; `foreign`: somebody's own file lies there, and is
 * left alone.
 */
export type NoteOutcome = 'written' | 'kept' | 'foreign';

/** Undefined measures say nothing; within this factor of each other two runs took as long. */
const asLong = 1.5;

/**
 * The note as it would be written now.
 *
 * @param before what lies there says
 * @param of the backup that it says it was written by: when that was started
 */
export async function noteFor(
  request: NoteRequest,
  before: Partial<NoteMemory> = {},
  of: string = request.manifest.startedAt,
): Promise<string> {
  const { store, manifest, contact = before.contact } = request;
  const took = measured(request.timings, before.took);
  const memory = {
    of,
    ...(took === undefined ? {} : { took }),
    ...(contact === undefined ? {} : { contact }),
  };
  return composeNote(factsOf(manifest), await placeOf(store, manifest), memory);
}

/** For a role that may put at free keys only. @throws StoreUnusable */
export async function createNote(request: NoteRequest): Promise<NoteOutcome> {
  try {
    await request.store.create(recoveryNoteKey(request.manifest), Buffer.from(await noteFor(request)));
    return 'written';
  } catch (error: unknown) {
    if (error instanceof ObjectExists) return 'kept';
    throw error;
  }
}

/**
 * Writes the note of a database, or brings it up to date where something in it would change but which backup it was written by,
 * and by how much a restore took longer or shorter. Of several writers one gets through.
 *
 * @throws StoreUnusable
 */
export async function keepNote(request: NoteRequest): Promise<NoteOutcome> {
  const { store, manifest } = request;
  const key = recoveryNoteKey(manifest);
  const there = await store.readVersion(key);
  try {
    if (there === undefined) {
      await store.create(key, Buffer.from(await noteFor(request)));
      return 'written';
    }
    const text = there.content.toString();
    const before = memoryIn(text);
    if (before === undefined) return 'foreign';
    // A copy of an older backup says nothing new.
    if (before.of !== undefined && isNewer(before.of, request)) return 'kept';
    // It would change every night if that alone made it another one.
    if ((await noteFor(request, before, before.of)) === text) return 'kept';
    await store.replaceIf(key, Buffer.from(await noteFor(request, before)), there.version);
    return 'written';
  } catch (error: unknown) {
    if (error instanceof ObjectExists || error instanceof ObjectChanged) return 'kept';
    throw error;
  }
}

/** A date in the future would keep whatever somebody put there, with its commands, for ever. */
function isNewer(of: string, { manifest, now = new Date() }: NoteRequest): boolean {
  const time = Date.parse(of);
  return time > Date.parse(manifest.startedAt) && !isAhead(time, now);
}

/** How long it took, and what was said before where that is about the same: clocks never agree to the second. */
function measured(timings: Timings | undefined, before: NoteMemory['took']): NoteMemory['took'] {
  if (timings?.restoreSeconds === undefined) return before;
  const now = {
    fetchSeconds: Math.round(timings.fetchSeconds),
    restoreSeconds: Math.round(timings.restoreSeconds),
  };
  const isSame = (one: number, other: number): boolean =>
    Math.max(one, other) <= Math.max(Math.min(one, other) * asLong, shortest);
  const isAsBefore =
    before !== undefined &&
    isSame(now.restoreSeconds, before.restoreSeconds) &&
    isSame(now.fetchSeconds, before.fetchSeconds);
  return isAsBefore ? before : now;
}

/** Seconds below which nobody minds how long it took. */
const shortest = 60;
