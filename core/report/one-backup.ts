import { type InventoryEntry, verdictOn } from '../inventory/read-entry.ts';
import { formatId, keyOf } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { type Hold, holdName } from '../manifest/hold.ts';
import { manifestName, verificationName } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { knownTimings } from '../manifest/timings.ts';
import { isGood, isPass, type PastRun, reachedBy, type Verification } from '../manifest/verification.ts';
import { oneLine } from '../text/one-line.ts';
import type { Hashed, ReportedBackup, ReportedProof } from './document.ts';
import type { Period } from './period.ts';

/** What a report keeps of one backup: some kilobytes at the most, whatever its documents hold. */
export type BackupFacts = {
  readonly backup: ReportedBackup;
  /** In milliseconds; the end never before the beginning. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Those of the period. */
  readonly proofs: readonly ReportedProof[];
  readonly restsOn: { backup: string; manifest: Hashed | null; verification: Hashed | null };
  readonly unreadable: readonly { key: string; why: string }[];
};

/** pgproof writes 51 at the most; other people may write more. */
const mostProofs = 100;
const shownNotPassed = 5;
const shownCharacters = 300;

/** What a backup's documents say of it, and of its verifications in the period. */
export function factsOf(entry: InventoryEntry, period: Period): BackupFacts {
  const { id, manifest, read } = entry;
  const verification = verdictOn(entry);
  const startedAt = id.startedAt.getTime();
  const ended = manifest instanceof Unreadable ? startedAt : Date.parse(manifest.finishedAt);
  const finishedAt = Math.max(startedAt, ended);
  const good = isGood(verification);
  const partial = !(manifest instanceof Unreadable) && manifest.partial === true;
  const key = formatId(id);
  return {
    startedAt,
    finishedAt,
    backup: {
      id: key,
      startedAt: iso(startedAt),
      finishedAt: manifest instanceof Unreadable ? null : iso(finishedAt),
      archiveBytes: manifest instanceof Unreadable ? null : archiveBytes(manifest),
      databaseBytes: manifest instanceof Unreadable ? null : manifest.databaseBytes,
      verdict: verification?.verdict ?? null,
      level: verification?.level ?? null,
      reached: verification === undefined ? null : reachedBy(verification),
      verifiedAt: verification === undefined ? null : iso(Date.parse(verification.finishedAt)),
      provenAt: verification === undefined ? null : provenAt(verification),
      good,
      partial,
      future: startedAt >= period.until,
      counts: good && !partial && startedAt < period.until,
      held: heldBy(entry.hold),
    },
    proofs: verification === undefined ? [] : proofsOf(key, verification, period),
    restsOn: {
      backup: key,
      manifest: read.manifest === undefined ? null : { key: keyOf(id, manifestName), ...read.manifest },
      verification:
        read.verification === undefined ? null : { key: keyOf(id, verificationName), ...read.verification },
    },
    unreadable: unreadableOf(entry),
  };
}

/** Runs of the history that went by another manifest prove nothing of this one. */
function provenAt({ history = [], ...inForce }: Verification): string | null {
  const runs: readonly Pick<PastRun, 'verdict' | 'level' | 'finishedAt'>[] = [
    inForce,
    ...history.filter(({ manifestSha256 }) => manifestSha256 === inForce.manifestSha256),
  ];
  const times = runs
    .filter(({ verdict, level }) => level === 'restore' && isPass(verdict))
    .map(({ finishedAt }) => Date.parse(finishedAt));
  return times.length === 0 ? null : iso(Math.max(...times));
}

function proofsOf(
  backup: string,
  { history = [], checks, ...inForce }: Verification,
  period: Period,
): ReportedProof[] {
  const notPassed = checks.filter(({ status }) => status !== 'passed');
  const runs = [
    { run: { ...inForce, notPassed }, isInForce: true },
    ...history.map((run) => ({ run, isInForce: false })),
  ];
  // A restore that says it begins after the report is made was measured by nobody.
  const { from, until } = period;
  return runs
    .filter(({ run }) => isWithin(Date.parse(run.startedAt), { from, to: until }))
    .slice(0, mostProofs)
    .map(({ run, isInForce }) => ({
      backup,
      startedAt: iso(Date.parse(run.startedAt)),
      finishedAt: iso(Date.parse(run.finishedAt)),
      level: run.level,
      verdict: run.verdict,
      inForce: isInForce,
      ofOtherManifest: run.manifestSha256 !== undefined && run.manifestSha256 !== inForce.manifestSha256,
      notPassed: run.notPassed.slice(0, shownNotPassed).map(({ name, detail }) => ({
        name: oneLine(name, { limit: shownCharacters }),
        detail: oneLine(detail, { limit: shownCharacters }),
      })),
      timings: run.timings === undefined ? null : knownTimings(run.timings),
    }));
}

export function isWithin(time: number, { from, to }: Pick<Period, 'from' | 'to'>): boolean {
  return time >= from && time < to;
}

function heldBy(hold: Hold | Unreadable | undefined): ReportedBackup['held'] {
  if (hold === undefined) return null;
  if (hold instanceof Unreadable) return { reason: 'cannot be read', by: 'unknown', until: null };
  const { reason, by, until } = hold;
  return { reason, by, until: until ?? null };
}

function unreadableOf({
  id,
  manifest,
  verification,
  notCounted,
  hold,
}: InventoryEntry): BackupFacts['unreadable'] {
  const told = (key: string, why: string): { key: string; why: string } => ({ key, why: oneLine(why) });
  return [
    ...(manifest instanceof Unreadable ? [told(keyOf(id, manifestName), manifest.unreadable)] : []),
    ...(verification instanceof Unreadable
      ? [told(keyOf(id, verificationName), verification.unreadable)]
      : []),
    ...(notCounted === undefined
      ? []
      : [told(keyOf(id, verificationName), `it counts for nothing: ${notCounted}`)]),
    ...(hold instanceof Unreadable ? [told(keyOf(id, holdName), hold.unreadable)] : []),
  ];
}

const iso = (time: number): string => new Date(time).toISOString();
