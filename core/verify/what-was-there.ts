import { PgproofError } from '../errors.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits } from '../manifest/document.ts';
import { ManifestUnreadable, verificationName } from '../manifest/manifest.ts';
import { pastRun } from '../manifest/verdict-in-force.ts';
import {
  type PastRun,
  parseVerification,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import { sha256Of } from '../store/meter.ts';
import type { Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { byteCount } from '../text/units.ts';

/** A document of which nothing can be carried on, to be kept under a name of its own. */
export type KeptBeside = {
  /** Of the object, beside the manifest: `verification.kept-0123456789abcdef.json`. */
  readonly name: string;
  /** Of what is too large to be read the beginning. */
  readonly content: Buffer;
  /** Why nothing of it counts, for people. */
  readonly why: string;
};

type WasThere = {
  readonly before?: Verification;
  /** Runs that say nothing about this manifest, and stay in the history. */
  readonly setAside: readonly PastRun[];
  readonly keep?: KeptBeside;
};

/** A verification beside a manifest that this version must neither interpret nor replace. */
export class VerificationOfNewer extends PgproofError {
  override readonly name = 'VerificationOfNewer';
}

/**
 * What the document that is about to be replaced means for the one that takes its place. Nothing of it is lost: it
 * counts, or stays in the history, or is to be kept beside.
 *
 * @param sha256 of the manifest as it is now
 * @throws VerificationOfNewer
 */
export function whatWasThere(
  content: Buffer | undefined,
  key: string,
  id: BackupId,
  sha256: string,
): WasThere {
  if (content === undefined) return { setAside: [] };
  let before: Verification;
  try {
    before = parseVerification(content, key);
  } catch (error: unknown) {
    if (!(error instanceof ManifestUnreadable)) throw error;
    if (error.newerFormat !== undefined) throw ofNewer(error);
    return { setAside: [], keep: keptBeside(content, whyUnreadable(content)) };
  }
  const { source, database } = id;
  const here = { id: formatId(id), source, database };
  const why = whyCountsAsNone(before, { ...here, sha256 });
  if (why === undefined) return { before, setAside: [] };
  // Of this backup, when its manifest was another one: told as history, and counted for nothing.
  const whyAnyway = whyCountsAsNone(before, { ...here, sha256: before.manifestSha256 ?? sha256 });
  if (whyAnyway !== undefined) return { setAside: [], keep: keptBeside(content, whyAnyway) };
  return { setAside: [pastRun(before), ...(before.history ?? [])] };
}

/**
 * Whether a verdict could be written at all, before the work is done that leads to one.
 * @throws VerificationOfNewer
 */
export async function refuseNewer(
  store: Store,
  id: BackupId,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = keyOf(id, verificationName);
  const there = await store.readVersion(key, { signal });
  if (there !== undefined) whatWasThere(there.content, key, id, '');
}

function keptBeside(content: Buffer, why: string): KeptBeside {
  const name = verificationName.replace(/\.json$/, `.kept-${sha256Of(content).slice(0, 16)}.json`);
  return { name, content, why: oneLine(why) };
}

/** Of what is too large only the beginning was read; a bucket with versions has all of it. */
function whyUnreadable(content: Buffer): string {
  const { bytes } = documentLimits;
  return content.length > bytes
    ? `it has more than ${byteCount(bytes)}, of which only the beginning was read`
    : 'it cannot be read';
}

function ofNewer(cause: ManifestUnreadable): VerificationOfNewer {
  return new VerificationOfNewer(cause.problem, { cause });
}
