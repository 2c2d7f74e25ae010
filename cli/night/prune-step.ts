import type { NightConfig } from '../../core/config/night.ts';
import { zoneOf } from '../../core/config/parse-night.ts';
import type { NightStep } from '../../core/night/request.ts';
import type { CollectingNotifier } from '../../core/notify/digest.ts';
import { type Problem, problemsOf } from '../../core/prune/incomplete.ts';
import { prune } from '../../core/prune/prune.ts';
import type { PruneReport } from '../../core/prune/report.ts';
import { prunedEvents } from '../../core/prune/run-events.ts';
import { policyOf } from '../../core/retention/policy.ts';
import type { Policy } from '../../core/retention/shapes.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';
import { plural } from '../../core/text/units.ts';
import { eachSource } from './each-source.ts';

export type PrunePlace = NightConfig['stores'][number] & {
  /** The store whose sources it holds: itself, or the one that it is a copy of. */
  readonly of: string;
};

/** The policy of a place; undefined where nothing is ever deleted there. @throws UsageError */
export function policyAt(prune: NightConfig['prune'], config: NightConfig): Policy | undefined {
  return prune && policyOf({ ...prune, timeZone: prune.timeZone ?? zoneOf(config) });
}

/**
 * Prune of one place, of the sources of this configuration only: another machine's may lie beside them, and its policy is
 * another.
 */
export function pruneStep(
  place: PrunePlace,
  policy: Policy,
  store: PrunableStore,
  tools: { readonly notifier: CollectingNotifier; readonly signal: AbortSignal },
): NightStep {
  const { notifier, signal } = tools;
  const clock = (): Date => new Date();
  const run: NightStep['run'] = async (runs, emit) => {
    const reports: PruneReport[] = [];
    let ok = true;
    const isDone = await eachSource(
      runs,
      { work: 'prune', store: store.url },
      tools,
      async ({ source, ...of }) => {
        const report = await prune({
          store,
          policy,
          source,
          apply: true,
          sweep: true,
          lock: place.objectLock,
          clock,
          signal,
        });
        reports.push(report);
        for (const event of prunedEvents({ ...of, at: clock() }, report)) await emit(event);
        const problems = problemsOf(report);
        ok &&= problems.length === 0;
        for (const told of byDatabase(problems))
          await notifier.tell({ result: 'failed', work: 'prune', store: store.url, at: clock(), ...told });
      },
    );
    return { ok: ok && isDone, report: { reports } };
  };
  return { work: 'prune', name: place.name, of: place.of, url: store.url, run };
}

const shownWhys = 5;

/** Hundreds of things of one database are one message. */
function byDatabase(
  problems: readonly Problem[],
): { source: string; database: string | undefined; what: string; words?: string; fix: string }[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.source, problem.database]);
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  return [...groups.values()].flatMap((entries) => {
    const [first, ...others] = entries;
    if (first === undefined) return [];
    const { source, database, what, fix } = first;
    if (others.length === 0) return [{ source, database, what, fix }];
    const lines = entries.slice(0, shownWhys).map((one) => one.what);
    const more = entries.length > shownWhys ? [`and ${entries.length - shownWhys} more`] : [];
    const words = [...lines, ...more].join('\n');
    return [
      { source, database, what: `Prune did not do all: ${plural(entries.length, 'problem')}`, words, fix },
    ];
  });
}
