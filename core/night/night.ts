import { titleOf } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { attempt, throwIfInterrupted } from './attempt.ts';
import type {
  Due,
  NightDependencies,
  NightReport,
  NightRequest,
  NightSource,
  NightStep,
  RunReport,
} from './request.ts';
import { lastRuns, removeOldRecords, writeRunRecord } from './run-records.ts';
import { whatIsDue } from './what-is-due.ts';

/**
 * A night: what is due of every source, one after the other, then the copies, then prune. Whatever fails is told, and stops
 * nothing else. A run that was interrupted leaves no record, and is done again.
 *
 * @throws Interrupted
 */
export async function night(request: NightRequest, dependencies: NightDependencies): Promise<NightReport> {
  const { clock, signal } = dependencies;
  const startedAt = clock();
  const sources = request.sources.filter(({ name }) => request.only?.includes(name) ?? true);
  const found = { due: [] as Due[], notDue: [] as Due[], runs: [] as RunReport[] };
  let ok = true;
  for (const source of sources) {
    signal.throwIfAborted();
    const planned = await plan(source, request, dependencies);
    ok &&= planned.ok;
    found.due.push(...planned.due);
    found.notDue.push(...planned.notDue);
    if (request.dryRun) continue;
    for (const due of planned.due)
      found.runs.push(await runSchedule(source, due, planned.last, request, dependencies));
  }
  const steps = await runSteps(request, sources, found.runs, dependencies);
  for (const run of found.runs)
    await emitFinished(
      run,
      steps.filter(({ sources }) => sources.includes(run.source)),
      dependencies,
    );
  return {
    startedAt,
    finishedAt: clock(),
    dryRun: request.dryRun,
    ok: ok && [...found.runs, ...steps].every((one) => one.ok),
    ...found,
    steps: steps.map(({ work, name, ok: isOk, result }) => ({ work, name, ok: isOk, result })),
  };
}

type Planned = {
  readonly ok: boolean;
  readonly due: readonly Due[];
  readonly notDue: readonly Due[];
  readonly last: ReadonlyMap<string, Date>;
};

function storeOf({ store }: { readonly store: string }, { stores }: NightRequest): PrunableStore {
  const found = stores.get(store);
  if (found === undefined) throw new Error(`There is no store ${store}`);
  return found;
}

/** Who cannot read a store does not know what is due, nor could a backup go there. */
async function plan(
  source: NightSource,
  request: NightRequest,
  dependencies: NightDependencies,
): Promise<Planned> {
  const { clock, signal, notifier } = dependencies;
  const store = storeOf(source, request);
  try {
    const last = await lastRuns(store, source.name, clock(), { signal });
    return { ok: true, last, ...whatIsDue(source, last, clock(), request.schedules) };
  } catch (error: unknown) {
    throwIfInterrupted(signal, error);
    const at = clock();
    const failure = describeFailure(error);
    const toldBefore = notifier.outcomes.length;
    await notifier.tell({
      ...failure,
      result: 'failed',
      work: 'backup',
      source: source.name,
      store: store.url,
      at,
      what: `Nothing was backed up, because its store cannot be read. ${failure.what}`,
      fix: `${failure.fix ?? ''} Until it can be read, every start tries again, and tells again.`.trim(),
    });
    const problems = problemsSince(toldBefore, notifier);
    if (!request.dryRun) await emitUnplanned(source.name, at, problems, dependencies);
    return { ok: false, due: [], notDue: [], last: new Map() };
  }
}

/** Nobody knows which of its schedules are due; who follows runs hears that there is none. */
async function emitUnplanned(
  source: string,
  at: Date,
  problems: readonly string[],
  { emit, newRunId }: NightDependencies,
): Promise<void> {
  const of = { run: newRunId(), at, source, schedule: undefined };
  await emit({ kind: 'run-started', ...of });
  await emit({ kind: 'run-finished', ...of, ok: false, seconds: 0, problems });
}

async function runSchedule(
  source: NightSource,
  { schedule }: Due,
  last: ReadonlyMap<string, Date>,
  request: NightRequest,
  dependencies: NightDependencies,
): Promise<RunReport> {
  const { backup, clock, signal, emit, notifier, newRunId } = dependencies;
  signal.throwIfAborted();
  const store = storeOf(source, request);
  const startedAt = clock();
  const run = newRunId();
  const of = { run, source: source.name, schedule };
  const toldBefore = notifier.outcomes.length;
  await emit({ kind: 'run-started', at: startedAt, ...of });
  const done = await attempt(
    () => backup({ ...of, startedAt }, emit),
    { work: 'backup', source: source.name, store: store.url, schedule },
    dependencies,
  );
  const finishedAt = clock();
  const problems = problemsSince(toldBefore, notifier);
  const isRecorded = await attempt(
    async () => {
      await writeRunRecord(store, {
        formatVersion: 1,
        source: source.name,
        schedule,
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
        ok: done.ok,
        problems,
        backups: [...(done.backups ?? [])],
        last: lastOf(last, schedule, startedAt, source),
      });
      await removeOldRecords(store, source.name, finishedAt, { signal });
      return { ok: true };
    },
    // Without it the same is done again next time, and nobody would know why.
    {
      work: 'backup',
      source: source.name,
      store: store.url,
      schedule,
      what: 'The record of the run could not be written, so every start does it again until it can be',
    },
    dependencies,
    () => !done.ok,
  );
  const ok = done.ok && isRecorded.ok;
  return { ...of, startedAt, finishedAt, ok, problems, result: done.report };
}

/** Once copies and prune are over too: who follows a run hears of all of it. */
async function emitFinished(
  { run, source, schedule, startedAt, ...report }: RunReport,
  steps: readonly StepReport[],
  { emit, clock }: NightDependencies,
): Promise<void> {
  const at = clock();
  const ok = report.ok && steps.every((step) => step.ok);
  const problems = [...report.problems, ...steps.flatMap((step) => step.problems)];
  const seconds = (at.getTime() - startedAt.getTime()) / 1_000;
  await emit({ kind: 'run-finished', run, source, schedule, at, ok, seconds, problems });
}

/** Of schedules that are still there. */
function lastOf(
  last: ReadonlyMap<string, Date>,
  schedule: string,
  startedAt: Date,
  { schedules }: NightSource,
): Record<string, string> {
  const known = schedules.flatMap(({ name }) => {
    const time = name === schedule ? startedAt : last.get(name);
    return time === undefined ? [] : [[name, time.toISOString()] as const];
  });
  return Object.fromEntries(known);
}

type StepReport = NightReport['steps'][number] & {
  readonly sources: readonly string[];
  readonly problems: readonly string[];
};

async function runSteps(
  request: NightRequest,
  sources: readonly NightSource[],
  runs: readonly RunReport[],
  dependencies: NightDependencies,
): Promise<StepReport[]> {
  const { signal, notifier, emit } = dependencies;
  const reports: StepReport[] = [];
  for (const step of request.steps) {
    const of = sources.flatMap(({ name, store }) => {
      const last = store === step.of ? runs.findLast((run) => run.source === name) : undefined;
      return last === undefined ? [] : [{ run: last.run, source: name, schedule: last.schedule }];
    });
    if (of.length === 0) continue;
    signal.throwIfAborted();
    const names = of.map(({ source }) => source);
    const toldBefore = notifier.outcomes.length;
    const done = await attempt(
      () => step.run(of, emit),
      { work: step.work, source: stepSource(step, names), store: step.url },
      dependencies,
      // A second place that is away fails copy and prune in the same words.
      (what) => notifier.outcomes.some((one) => one.store === step.url && one.what === what),
    );
    const problems = problemsSince(toldBefore, notifier);
    const { work, name } = step;
    reports.push({ work, name, ok: done.ok, result: done.report, sources: names, problems });
  }
  return reports;
}

function problemsSince(before: number, { outcomes }: NightDependencies['notifier']): string[] {
  const told = outcomes.slice(before).filter(({ result }) => result !== 'good');
  return told.map((outcome) => `${titleOf(outcome)}: ${outcome.what}`);
}

/** A message names a source; of several it is the place that it is about. */
function stepSource({ name }: NightStep, names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? name) : name;
}
