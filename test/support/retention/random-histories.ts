import * as fc from 'fast-check';
import { policyOf } from '../../../core/retention/policy.ts';
import {
  countingRules,
  type Policy,
  type RetainedBackup,
  type Standing,
} from '../../../core/retention/shapes.ts';
import { backupAt, dayMs, hourMs } from './histories.ts';

/** Zones with clocks that are put forward and back, at midnight too, with half hours, and with a day that never was. */
const zones = [
  ['UTC', '2027-12-20T00:30:00Z'],
  ['Europe/Berlin', '2026-10-12T22:30:00Z'],
  ['Europe/Berlin', '2026-03-15T00:45:00Z'],
  ['America/New_York', '2026-10-20T05:30:00Z'],
  ['America/Sao_Paulo', '2018-10-25T02:30:00Z'],
  ['Asia/Kolkata', '2026-12-20T18:29:00Z'],
  ['Pacific/Apia', '2011-12-20T09:30:00Z'],
] as const;

type Step = {
  /** Since the one before. */
  readonly hours: number;
  readonly standing: Standing;
  /** How many rows there are from now on; undefined where as many as before. */
  readonly level: number | undefined;
  readonly isCounted: boolean;
  readonly form: string;
  readonly isPartial: boolean;
  readonly hold: number | 'for ever' | undefined;
  readonly lock: number | undefined;
  readonly release: number | undefined;
};

const often = <T>(usual: T, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

const step: fc.Arbitrary<Step> = fc.record({
  // Never more than 14 days: what that is good for, the test says.
  hours: fc.oneof(
    { weight: 6, arbitrary: fc.constant(24) },
    { weight: 3, arbitrary: fc.constantFrom(1, 12, 23, 25) },
    { weight: 1, arbitrary: fc.constantFrom(24 * 5, 24 * 13) },
  ),
  standing: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Standing>('proven') },
    { weight: 3, arbitrary: fc.constant<Standing>('good') },
    { weight: 2, arbitrary: fc.constantFrom<Standing>('bad', 'unverified') },
  ),
  level: fc.oneof(
    { weight: 25, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom(0, 450, 600, 1_000) },
  ),
  isCounted: often(true, fc.constant(false)),
  form: often('custom zstd:1', fc.constant('directory gzip')),
  isPartial: often(false, fc.boolean()),
  hold: often<Step['hold']>(undefined, fc.constantFrom<Step['hold']>('for ever', 3, 40)),
  lock: often<Step['lock']>(undefined, fc.constantFrom(1, 14, 90)),
  release: often<Step['release']>(undefined, fc.constantFrom(0, 2, 20, 20)),
});

/** A history of one group, the oldest first; each says what was before it, as a backup does when it is made. */
function play(steps: readonly Step[], start: number): RetainedBackup[] {
  const history: RetainedBackup[] = [];
  let time = start;
  let rows = 1_000;
  for (const { hours, standing, level, isCounted, form, isPartial, hold, lock, release } of steps) {
    time += hours * hourMs;
    rows = level ?? rows;
    const later = (days: number): Date => new Date(time + days * dayMs);
    const before = history.at(-1);
    history.push(
      backupAt(time, {
        standing,
        isPartial,
        volume: { rows: isCounted ? rows : undefined, bytes: 100 + rows * 10, form },
        ...(before?.volume === undefined ? {} : { previous: { id: before.id, ...before.volume } }),
        ...(hold === undefined
          ? {}
          : { hold: { reason: 'audit', until: hold === 'for ever' ? undefined : later(hold) } }),
        ...(lock === undefined ? {} : { lockedUntil: later(lock) }),
        ...(release === undefined ? {} : { releasedAt: later(release) }),
      }),
    );
  }
  return history;
}

export type Case = { readonly history: readonly RetainedBackup[]; readonly policy: Policy };

/** A history with gaps, failures, emptied databases, holds and locks, and a policy. */
export function cases({ steps: most = 70 }: { readonly steps?: number } = {}): fc.Arbitrary<Case> {
  return fc
    .record({
      zone: fc.constantFrom(...zones),
      // Of every length alike: fast-check likes short ones.
      steps: fc
        .integer({ min: 1, max: most })
        .chain((length) => fc.array(step, { minLength: length, maxLength: length })),
      rules: fc.dictionary(
        fc.constantFrom(...countingRules),
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: 1, max: 8 }) },
          { weight: 1, arbitrary: fc.constant('all' as const) },
        ),
        { minKeys: 1, maxKeys: 4, noNullPrototype: true },
      ),
      within: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined, freq: 4 }),
      min: fc.integer({ min: 1, max: 5 }),
      verified: fc.boolean(),
      cliff: fc.constantFrom(0, 0.5, 0.5, 0.9),
    })
    .map(({ zone: [timeZone, start], steps, rules, within, min, verified, cliff }) => ({
      history: play(steps, Date.parse(start)),
      policy: policyOf({
        keep: { ...rules, ...(within === undefined ? {} : { within: `${within}h` }) },
        min,
        timeZone,
        verified,
        cliff,
      }),
    }));
}

/** As it is known at some time: of what was said later nobody knows. */
export function knownAt(history: readonly RetainedBackup[], now: Date): RetainedBackup[] {
  return history.map((backup) =>
    backup.releasedAt !== undefined && backup.releasedAt > now
      ? { ...backup, releasedAt: undefined }
      : backup,
  );
}
