import * as z from 'zod';
import { cut } from '../text/cut.ts';
import { isPass, type PastRun, type Timings, timingsSchema, type Verification } from './verification.ts';

/** How long it took to bring a backup back, and when that was measured. */
export type MeasuredRestore = {
  readonly startedAt: string;
  readonly finishedAt: string;
  /** `proven`, or `proven-without` where something was accepted to lack. */
  readonly verdict: Verification['verdict'];
  readonly timings: RestoreTimings;
};

export type RestoreTimings = Timings & { readonly restoreSeconds: number };

type Run = Pick<PastRun, 'startedAt' | 'finishedAt' | 'level' | 'verdict' | 'timings'>;

/**
 * What a run measured of a restore; undefined where it did not restore, was not passed, or is from before times were
 * recorded: how long a restore takes that ends early says nothing about one that does not.
 */
export function measuredRestore(run: Run): MeasuredRestore | undefined {
  const { startedAt, finishedAt, level, verdict, timings } = run;
  if (level !== 'restore' || !isPass(verdict) || timings?.restoreSeconds === undefined) return undefined;
  const { restoreSeconds } = timings;
  return { startedAt, finishedAt, verdict, timings: { ...timings, restoreSeconds } };
}

/**
 * The newest run that proved the backup and says how long that took, in force or not: a failure or a deeper check may have
 * come after it. Runs that went by another manifest than the one in force are of another backup.
 */
export function lastTimings(
  verification: Pick<
    Verification,
    'startedAt' | 'finishedAt' | 'level' | 'verdict' | 'timings' | 'manifestSha256' | 'history'
  >,
): MeasuredRestore | undefined {
  const { manifestSha256, history = [] } = verification;
  const runs: readonly Run[] = [
    verification,
    ...history.filter((past) => past.manifestSha256 === manifestSha256),
  ];
  const measured = runs.flatMap((run) => measuredRestore(run) ?? []);
  return measured.reduce<MeasuredRestore | undefined>(
    (newest, one) =>
      newest === undefined || Date.parse(one.startedAt) > Date.parse(newest.startedAt) ? one : newest,
    undefined,
  );
}

const shownCharacters = 200;

/** Of times that another version may have written, what this one knows. */
export function knownTimings(timings: Timings): z.infer<z.ZodObject<typeof timingsSchema.shape>> {
  const { serverVersion, ...rest } = z.object(timingsSchema.shape).parse(timings);
  return serverVersion === undefined ? rest : { ...rest, serverVersion: cut(serverVersion, shownCharacters) };
}

/** From the first byte that is fetched to a database that is there whole, in seconds. */
export function recoverySeconds({ fetchSeconds, restoreSeconds }: RestoreTimings): number {
  return fetchSeconds + restoreSeconds;
}

/** Milliseconds between two moments of a clock that only goes forward, as seconds; what a reader can use of them. */
export function secondsBetween(began: number, ended: number): number {
  return Math.max(0, Math.round(ended - began)) / 1_000;
}
