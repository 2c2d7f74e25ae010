import type { NightConfig } from '../../core/config/night.ts';
import { lockFrom } from '../../core/config/object-lock.ts';
import { copyMissing } from '../../core/copy/copy-missing.ts';
import { copyOutcomes } from '../../core/copy/copy-outcomes.ts';
import type { CopyReport } from '../../core/copy/request.ts';
import { copiedEvents } from '../../core/copy/run-events.ts';
import type { NightStep } from '../../core/night/request.ts';
import type { Outcome } from '../../core/notify/alert.ts';
import type { CollectingNotifier } from '../../core/notify/digest.ts';
import { noteTeller } from '../../core/recovery/note-teller.ts';
import type { Policy } from '../../core/retention/shapes.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';
import { plural } from '../../core/text/units.ts';
import { eachSource } from './each-source.ts';

/** Its keys are in the configuration, and what one night could not copy the next one does. */
const afterFailure = 'Mend what is named. The next night copies everything that is missing there.';

/** What the other store has not of the sources of this configuration, and would keep. */
export function copyStep(
  copy: NightConfig['copies'][number] & { readonly of: string },
  policy: Policy | undefined,
  { from, to }: { readonly from: PrunableStore; readonly to: PrunableStore },
  tools: {
    readonly notifier: CollectingNotifier;
    readonly signal: AbortSignal;
    readonly contact: NightConfig['contact'];
    readonly warn: (line: string) => void;
  },
): NightStep {
  const { notifier, signal } = tools;
  const clock = (): Date => new Date();
  const notes = noteTeller(to, { contact: tools.contact, write: 'current' }, (_, line) => tools.warn(line));
  const run: NightStep['run'] = async (runs, emit) => {
    const reports: CopyReport[] = [];
    let ok = true;
    const isDone = await eachSource(
      runs,
      { work: 'copy', store: to.url },
      tools,
      async ({ source, ...of }) => {
        const lock = copy.objectLock;
        const report = await copyMissing({
          from,
          to,
          source,
          policy,
          notes,
          lock: lock && (() => lockFrom(lock, clock())),
          clock,
          signal,
        });
        reports.push(report);
        ok &&= report.backups.every(({ kind }) => kind !== 'failed') && !report.closed?.length;
        for (const event of copiedEvents({ ...of, at: clock() }, report)) await emit(event);
        const old = tooOld(report, copy.maxAgeHours, clock());
        const outcomes = withRemarks(copyOutcomes(report, clock(), afterFailure), old);
        for (const outcome of outcomes) await notifier.tell(outcome);
        ok &&= old.length === 0;
      },
    );
    return { ok: ok && isDone, report: { reports } };
  };
  return { work: 'copy', name: copy.name, of: copy.of, url: to.url, run };
}

/** What is too old because it could not be copied now is told with that. */
function withRemarks(outcomes: readonly Outcome[], old: readonly Outcome[]): Outcome[] {
  const isOf =
    (one: Outcome) =>
    ({ source, database, result }: Outcome): boolean =>
      result === 'failed' && source === one.source && database === one.database;
  const told = outcomes.map((outcome) => {
    const remarks = outcome.result === 'failed' ? old.filter(isOf(outcome)).map(({ what }) => what) : [];
    return remarks.length === 0 ? outcome : { ...outcome, remarks };
  });
  return [...told, ...old.filter((one) => !outcomes.some(isOf(one)))];
}

const hourMs = 3_600_000;

/** Of which databases the newest copy is older than the configuration allows. */
function tooOld({ newest, to }: CopyReport, maxAgeHours: number | undefined, now: Date): Outcome[] {
  if (maxAgeHours === undefined) return [];
  return newest.flatMap(({ source, database, startedAt }): Outcome[] => {
    const hours = startedAt === undefined ? undefined : (now.getTime() - startedAt.getTime()) / hourMs;
    if (hours !== undefined && hours <= maxAgeHours) return [];
    return [
      {
        result: 'failed',
        work: 'copy',
        source,
        database,
        store: to,
        at: now,
        what:
          startedAt === undefined
            ? 'There is no good copy of it at all'
            : `Its newest copy is of ${startedAt.toISOString()}, more than ${plural(maxAgeHours, 'hour')} ago`,
        fix: 'See why there was no good backup to copy since, or why copying fails.',
      },
    ];
  });
}
