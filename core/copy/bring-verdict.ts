import { setTimeout as wait } from 'node:timers/promises';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { ManifestUnreadable } from '../manifest/document.ts';
import { serialize, verificationName } from '../manifest/manifest.ts';
import { withRun } from '../manifest/verdict-in-force.ts';
import {
  type Check,
  isPass,
  type PastRun,
  parseVerification,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import { ObjectChanged, type ReadOptions, type Store } from '../store/store.ts';
import { CopyDamaged } from './copy-errors.ts';

/** Each time somebody else wrote there first; there are hardly as many. */
const attempts = 12;
const pauseMs = 25;

/**
 * Lets the first store's verdict stand beside the copy too. Where none lies there it goes over byte for byte. Else it comes
 * in by the rules of one store (`withRun`), with two more, for the bytes are others:
 *
 * - what was found wrong with the copy's own bytes is not mended by a pass of the first store's;
 * - that the first store's bytes went bad says nothing about the copy, which may be all that is left.
 *
 * @param sha256 of the manifest
 * @returns whether something was written
 * @throws ObjectChanged, StoreUnusable
 */
export async function bringVerdict(
  {
    id,
    from,
    to,
    sha256,
  }: { readonly id: BackupId; readonly from: Store; readonly to: Store; readonly sha256: string },
  options: ReadOptions,
): Promise<boolean> {
  const key = keyOf(id, verificationName);
  const source = await from.readVersion(key, options);
  const about = { key, id, sha256 };
  const ours = source && readCounting(source.content, about);
  if (source === undefined || ours === undefined) return false;
  for (let attempt = 1; ; attempt += 1) {
    const there = await to.readVersion(key, options);
    const content = there === undefined ? source.content : merged(there.content, ours, about);
    if (content === undefined) return false;
    try {
      await to.replaceIf(key, content, there?.version);
      await assertWritten(to, content, about, options);
      return true;
    } catch (error: unknown) {
      if (!(error instanceof ObjectChanged) || attempt === attempts) throw error;
      await wait(Math.random() * pauseMs * attempt);
    }
  }
}

/** Another run may have written meanwhile: it carries on what it found, and adds its own. @throws CopyDamaged */
async function assertWritten(to: Store, content: Buffer, about: About, options: ReadOptions): Promise<void> {
  const there = await to.readVersion(about.key, options);
  if (there?.content.equals(content)) return;
  const written = readCounting(content, about);
  const found = there && readCounting(there.content, about);
  if (written !== undefined && found !== undefined) {
    const runs = new Set(runsOf(found));
    if (runs.has(nameOf(written)) && runsOf(found).some((run) => !runsOf(written).includes(run))) return;
  }
  throw new CopyDamaged(
    about.id,
    {
      name: verificationName,
      store: to,
      got: there === undefined ? 'nothing' : 'other bytes',
      expected: 'the verdict as it was written',
    },
    `Delete ${to.url}/${about.key}, and do not trust that store.`,
  );
}

/** What the copy's document becomes; undefined where nothing in it changes, or it must not be touched. */
function merged(there: Buffer, ours: Verification, about: About): Buffer | undefined {
  const theirs = readCounting(there, about);
  const document = theirs && mergeVerdicts(theirs, ours);
  return document === undefined ? undefined : serialize(document);
}

/**
 * The copy's verification with the first store's in it.
 *
 * @returns undefined where that says nothing new, or nothing about the copy
 */
export function mergeVerdicts(theirs: Verification, ours: Verification): Verification | undefined {
  const known = new Set(runsOf(theirs));
  if (known.has(nameOf(ours)) || isOfBytes(ours.verdict, ours.checks)) return undefined;
  const isOwnFailure = theirs.verdict === 'failed' && !runsOf(ours).includes(nameOf(theirs));
  if (isOwnFailure && isPass(ours.verdict)) return undefined;
  const setAside = (ours.history ?? []).filter(
    (past) => !known.has(nameOf(past)) && !isOfBytes(past.verdict, past.notPassed),
  );
  return withRun(theirs, ours, setAside);
}

/** Of what backup, and where it lies. */
type About = { readonly key: string; readonly id: BackupId; readonly sha256: string };

/** The one in force, and those of the history. */
function runsOf(document: Verification): string[] {
  return [document, ...(document.history ?? [])].map(nameOf);
}

/** A run, told from all others. */
function nameOf({ startedAt, finishedAt, level, verdict }: Verification | PastRun): string {
  return [startedAt, finishedAt, level, verdict].join(' ');
}

/** Whether it failed because bytes were missing or others: of that store, and of no other. */
function isOfBytes(verdict: Verification['verdict'], checks: readonly Check[]): boolean {
  return (
    verdict === 'failed' &&
    checks.some(({ name, status }) => status === 'failed' && (name === 'checksum' || name === 'manifest'))
  );
}

/** Undefined where it cannot be read, or counts for nothing. */
function readCounting(content: Buffer, { key, id, sha256 }: About): Verification | undefined {
  try {
    const verification = parseVerification(content, key);
    const { source, database } = id;
    const why = whyCountsAsNone(verification, { id: formatId(id), source, database, sha256 });
    return why === undefined ? verification : undefined;
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return undefined;
    throw error;
  }
}
