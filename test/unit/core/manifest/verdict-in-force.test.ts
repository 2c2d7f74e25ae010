import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { historyLimit, pastRun, withRun } from '../../../../core/manifest/verdict-in-force.ts';
import {
  isGood,
  isPass,
  reachedBy,
  type Verification,
  verdictOf,
} from '../../../../core/manifest/verification.ts';
import { type Level, levels, type Verdict } from '../../../../core/vocabulary.ts';

type Status = 'passed' | 'failed' | 'unverifiable';

/** What a run came to, as short as can be said: `read passed`, `restore failed after checksum`. */
type Short = `${Level} ${Status | 'without'}` | `${Level} ${'failed' | 'unverifiable'} after ${Level}`;

const time = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 2, minute)).toISOString();

function runOf(short: Short, minute = 0): Verification {
  const [level, end, , after] = short.split(' ') as [Level, Status | 'without', string?, Level?];
  const deepest = after === undefined ? -1 : levels.indexOf(after);
  const checks = levels.slice(0, levels.indexOf(level) + 1).flatMap((name, index): Verification['checks'] => {
    if (end === 'passed' || index <= deepest) return [{ name, status: 'passed', detail: 'all well' }];
    if (end !== 'without') return [{ name, status: end, detail: `${name} ${end}` }];
    const without = name === 'restore' ? ['extension aws_commons'] : [];
    return [{ name, status: 'passed', detail: 'all well', without }];
  });
  const run = { formatVersion: 1, id: 's/d/2026-11-20T02-00-00Z', level, checks } as const;
  const verdict = verdictOf(level, checks);
  return { ...run, startedAt: time(minute), finishedAt: time(minute + 1), verdict, checks: [...checks] };
}

function documentAfter(...shorts: Short[]): Verification {
  const runs = shorts.map((short, index) => runOf(short, index * 10));
  const document = runs.reduce<Verification | undefined>((before, run) => withRun(before, run), undefined);
  if (document === undefined) throw new Error('no run');
  return document;
}

const told = ({ verdict, level, reached }: Verification): string =>
  `${verdict} (${level}), reached ${reached}`;

describe('which verdict is in force', () => {
  test.each<[Short[], string]>([
    [['read passed'], 'intact (read), reached read'],
    [['restore failed after read'], 'failed (restore), reached read'],
    [['restore unverifiable after read'], 'unverifiable (restore), reached read'],
    // A weaker pass replaces neither a proof, nor a deeper pass, nor a failure.
    [['restore passed', 'read passed'], 'proven (restore), reached restore'],
    [['restore passed', 'restore without'], 'proven (restore), reached restore'],
    [['read passed', 'checksum passed'], 'intact (read), reached read'],
    [['restore without', 'read passed'], 'proven-without (restore), reached read'],
    [['restore failed after read', 'read passed'], 'failed (restore), reached read'],
    [['read failed after checksum', 'checksum passed'], 'failed (read), reached checksum'],
    // One that says as much or more does.
    [['restore passed', 'restore passed'], 'proven (restore), reached restore'],
    [['restore without', 'restore passed'], 'proven (restore), reached restore'],
    [['checksum passed', 'read passed'], 'intact (read), reached read'],
    [['read failed after checksum', 'read passed'], 'intact (read), reached read'],
    [['read failed', 'restore passed'], 'proven (restore), reached restore'],
    [['restore failed after read', 'restore without'], 'proven-without (restore), reached read'],
    // A failure always replaces, and what was reached before it is no longer known.
    [['restore passed', 'checksum failed'], 'failed (checksum), reached null'],
    [['restore passed', 'read failed after checksum'], 'failed (read), reached checksum'],
    [['restore unverifiable after read', 'checksum failed'], 'failed (checksum), reached null'],
    // Two failures are mended by what mends the deeper one.
    [['restore failed after read', 'checksum failed', 'read passed'], 'failed (checksum), reached null'],
    [['restore failed after read', 'checksum failed', 'restore passed'], 'proven (restore), reached restore'],
    [
      ['restore failed after read', 'restore passed', 'checksum failed', 'checksum passed'],
      'intact (checksum), reached checksum',
    ],
    // What could not be decided replaces nothing that was, and takes nothing away.
    [['restore passed', 'restore unverifiable'], 'proven (restore), reached restore'],
    [['read passed', 'restore unverifiable after read'], 'intact (read), reached read'],
    [['checksum passed', 'restore unverifiable after read'], 'intact (checksum), reached read'],
    [['checksum failed', 'restore unverifiable after read'], 'failed (checksum), reached null'],
    [['restore unverifiable after read', 'read unverifiable'], 'unverifiable (read), reached read'],
    [['restore unverifiable after read', 'checksum passed'], 'intact (checksum), reached read'],
    [['restore unverifiable after read', 'restore passed'], 'proven (restore), reached restore'],
  ])('%j: %s', (shorts, expected) => {
    const document = documentAfter(...shorts);
    expect(told(document)).toBe(expected);
    expect(document.history ?? []).toHaveLength(shorts.length - 1);
  });

  test('of two at once, each finds the other’s: neither is lost, a failure wins, the later of equals too', () => {
    const early = runOf('read passed', 0);
    const late = { ...runOf('read passed', 5), finishedAt: time(5) };
    const bad = runOf('checksum failed', 3);
    for (const [one, other] of [
      [early, late],
      [late, early],
    ] as const)
      expect(withRun(withRun(undefined, one), other)).toMatchObject({
        startedAt: late.startedAt,
        history: [{ startedAt: early.startedAt }],
      });
    expect(withRun(withRun(undefined, early), bad).verdict).toBe('failed');
    // It began before the one that found the fault, and cannot have seen it.
    expect(withRun(withRun(undefined, bad), early).verdict).toBe('failed');
    expect(withRun(withRun(undefined, bad), late).verdict).toBe('intact');
  });

  test('the history has of each run what did not pass, and ends somewhere', () => {
    const document = documentAfter(
      'restore passed',
      'read failed after checksum',
      'restore unverifiable after read',
    );
    expect(document.history).toEqual([
      {
        startedAt: time(20),
        finishedAt: time(21),
        level: 'restore',
        verdict: 'unverifiable',
        reached: 'read',
        notPassed: [{ name: 'restore', status: 'unverifiable', detail: 'restore unverifiable' }],
      },
      {
        startedAt: time(0),
        finishedAt: time(1),
        level: 'restore',
        verdict: 'proven',
        reached: 'restore',
        notPassed: [],
      },
    ]);
    const many = documentAfter(
      'restore passed',
      ...Array.from({ length: 60 }, () => 'restore unverifiable' as const),
    );
    expect(many.history).toHaveLength(historyLimit);
    expect(many.history?.[0]?.startedAt).toBe(time(600));
    expect(told(many)).toBe('proven (restore), reached restore');
  });

  test('a failure that nothing has mended is not forgotten, however often nothing could be decided since', () => {
    const document = documentAfter(
      'restore failed',
      'checksum failed',
      ...Array.from({ length: 60 }, () => 'restore unverifiable' as const),
      'checksum passed',
    );
    expect(document.history).toHaveLength(historyLimit);
    expect(document.verdict).toBe('failed');
  });

  test('runs that are of another manifest are kept, and count for nothing', () => {
    const other = pastRun({ ...runOf('restore failed'), manifestSha256: 'b'.repeat(64) });
    const first = withRun(undefined, { ...runOf('checksum failed', 1), manifestSha256: 'a' }, [other]);
    const then = withRun(first, { ...runOf('checksum passed', 2), manifestSha256: 'a' });
    expect(told(then)).toBe('intact (checksum), reached checksum');
    expect(then.history?.map(({ verdict }) => verdict)).toEqual(['failed', 'failed']);
  });
});

describe('whatever runs come, in whatever order', () => {
  const short = fc.oneof(
    ...levels.flatMap((level): fc.Arbitrary<Short>[] => [
      fc.constantFrom<Short>(`${level} passed`, `${level} failed`, `${level} unverifiable`),
      ...levels
        .slice(0, levels.indexOf(level))
        .map((after) =>
          fc.constantFrom<Short>(`${level} failed after ${after}`, `${level} unverifiable after ${after}`),
        ),
    ]),
    fc.constant<Short>('restore without'),
  );
  const depth = (level: Level | null | undefined): number => (level ? levels.indexOf(level) : -1);

  test('a failure is forgotten only after a pass at its level, and nothing else takes away what was good', () => {
    fc.assert(
      fc.property(fc.array(short, { minLength: 1, maxLength: 8 }), (shorts) => {
        let document: Verification | undefined;
        let toMend = -1;
        for (const [index, one] of shorts.entries()) {
          const run = runOf(one, index * 10);
          const before = document;
          document = withRun(before, run);
          if (run.verdict === 'failed') toMend = Math.max(toMend, depth(run.level));
          else if (isPass(run.verdict) && depth(run.level) >= toMend) toMend = -1;
          expect(document.verdict === 'failed').toBe(toMend >= 0);
          if (run.verdict !== 'failed' && before !== undefined) {
            expect(isGood(document) || !isGood(before)).toBe(true);
            if (before.verdict !== 'failed')
              expect(depth(document.reached)).toBeGreaterThanOrEqual(depth(before.reached));
          }
          expect(document.history ?? []).toHaveLength(index);
        }
      }),
    );
  });
});

describe('what counts as good', () => {
  test.each<[Verdict, Level, Short, boolean, Level | null]>([
    ['proven', 'restore', 'restore passed', true, 'restore'],
    ['proven-without', 'restore', 'restore without', true, 'read'],
    ['intact', 'read', 'read passed', true, 'read'],
    ['intact', 'checksum', 'checksum passed', true, 'checksum'],
    ['unverifiable', 'restore', 'restore unverifiable after read', true, 'read'],
    ['unverifiable', 'restore', 'restore unverifiable after checksum', true, 'checksum'],
    ['unverifiable', 'restore', 'restore unverifiable', false, null],
    ['failed', 'restore', 'restore failed after read', false, 'read'],
    ['failed', 'checksum', 'checksum failed', false, null],
  ])('%s at level %s (%s): %s, reached %s', (verdict, level, words, good, reached) => {
    // As written before `reached` was recorded: it is told by verdict and checks.
    const run = runOf(words);
    expect(run).toMatchObject({ verdict, level });
    expect(run.reached).toBeUndefined();
    expect(isGood(run)).toBe(good);
    expect(reachedBy(run)).toBe(reached);
    expect(isGood({ ...run, checks: [] })).toBe(false);
  });

  test('never verified is not good', () => {
    expect(isGood(undefined)).toBe(false);
  });
});
