import type { Command } from 'commander';
import { PgproofError, UsageError } from '../core/errors.ts';
import { fetchGlobals } from '../core/inventory/fetch-archive.ts';
import type { PassedOver } from '../core/inventory/passed-over.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { type ConnectionParameters, describeServer } from '../core/postgres/connect/parameters.ts';
import { chooseBackup } from '../core/restore/choose-backup.ts';
import { type Rehearsal, refuseLike, rehearseGlobals, rehearseRestore } from '../core/restore/rehearsal.ts';
import { RestoreFailed, type RestoreReport } from '../core/restore/report.ts';
import type { RestoreDependencies, RestoreRequest } from '../core/restore/request.ts';
import { restoreBackup } from '../core/restore/restore.ts';
import { type GlobalsReport, restoreGlobals } from '../core/restore/restore-globals.ts';
import { whatStands } from '../core/restore/what-stands.ts';
import { temporaryScratch } from '../core/scratch/scratch.ts';
import type { Store } from '../core/store/store.ts';
import { interruptible, nothingChanged } from './interrupt.ts';
import { latestFrom, storeCommand, storeFrom, withAsOf } from './options.ts';
import { tell } from './output/edge.ts';
import { expectedLine } from './output/measured.ts';
import { partialWarning } from './output/partial.ts';
import { choiceLines, passedOverJson } from './output/passed-over.ts';
import { rehearsalLines, rehearsalSummary } from './output/rehearsed.ts';
import { restoreProgress } from './output/restore-progress.ts';
import { globalsSummary, refusedTable, restoredTable, restoreSummary } from './output/restored.ts';
import { printJson, printLines, printSource } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { machinePrograms, programsHere } from './programs.ts';
import { type RestoreFlags, requestFrom, withRestoreFlags } from './restore-flags.ts';
import { targetFrom } from './target.ts';
import { thawIfAsked, withThawFlags } from './thaw.ts';

export function restoreCommand(): Command {
  return withRestoreFlags(withThawFlags(withAsOf(storeCommand('restore'))))
    .description('restore a backup into a server, and compare the rows of every table with what was recorded')
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest: the newest good one')
    .action(run);
}

async function run(text: string, flags: RestoreFlags): Promise<void> {
  const store = await storeFrom(flags);
  if (flags.globals === 'print') return await printGlobals(store, text, flags);
  const target = targetFrom(flags.to);
  const style = styleFor(process.stderr);
  const progress = await restoreProgress(process.stderr);
  const stands = whatStands();
  let server = 'the server';
  let passedOver: readonly PassedOver[] = [];
  try {
    const work = async (signal: AbortSignal): Promise<RestoreReport | GlobalsReport | Rehearsal> => {
      const chosen = await chooseBackup(store, text, { ...latestFrom(flags), signal });
      const { id, manifest, verdict, isGood, measured } = chosen;
      passedOver = chosen.passedOver;
      for (const line of choiceLines(
        chosen,
        { text, id: formatId(id), storeUrl: store.url, ...flags },
        style,
      ))
        progress.say(line);
      for (const line of partialWarning(manifest, formatId(id)))
        progress.say(`${style.yellow('Careful:')} ${line}`);
      if (!isGood)
        progress.say(`${style.yellow('Careful:')} ${formatId(id)} is ${verdict ?? 'not verified'}`);
      const { parameters, database } = await target.resolve(manifest.database);
      const request = requestFrom(flags, { id, database });
      server = describeServer(parameters);
      stands.of(request);
      const dependencies = {
        store,
        manifest,
        signal,
        target: parameters,
        scratch: temporaryScratch(flags.scratch),
        clock: () => new Date(),
        tools: machinePrograms({ signal, onProgress: progress.say }).tools,
      };
      if (flags.dryRun) {
        const here = {
          ...dependencies,
          ...(await programsHere(signal)),
          storedState: storedStateOf(store, { id, manifest, signal }),
        };
        return await (flags.globalsOnly ? rehearseGlobals : rehearseRestore)(request, here, chosen);
      }
      if (flags.globalsOnly) return await restoreGlobals(request, dependencies);
      if (!flags.json) progress.say(`${style.yellow('Note:')} ${whoseRights(parameters)}`);
      progress.start(formatId(id), database);
      if (!flags.json) progress.say(expectedLine(manifest, measured));
      return await restoreBackup(request, {
        ...dependencies,
        beforeFetching: () => thawIfAsked(flags, { store, id, manifest, signal }, progress.say),
        onProgress: (event) => {
          stands.progress(event);
          progress.on(event);
        },
        onStep: stands.step,
        onMakes: stands.makes,
      });
    };
    const report = await interruptible(() => stands.words(server), work).finally(progress.stop);
    if (flags.json) printJson({ ...report, ...passedOverJson(passedOver) });
    else if ('dryRun' in report) tellRehearsal(report);
    else if (!('tables' in report)) tell(process.stderr, globalsSummary(report, style));
    else {
      const table = restoredTable(report.tables, styleFor(process.stdout), process.stdout.columns);
      if (table !== undefined) printLines(table);
      tell(process.stderr, restoreSummary(report, style));
    }
    if ('dryRun' in report) refuseLike(report);
  } catch (error: unknown) {
    if (!flags.json && error instanceof RestoreFailed && error.report.keptGoing) {
      const refused = refusedTable(error.report.problems, process.stdout.columns);
      if (refused !== undefined) printLines(refused);
    }
    if (flags.json && error instanceof PgproofError && 'report' in error)
      printJson({ ...(error.report as object), ...passedOverJson(passedOver) });
    throw error;
  }
}

function tellRehearsal(rehearsal: Rehearsal): void {
  printLines(rehearsalLines(rehearsal, styleFor(process.stdout), new Date()));
  tell(process.stderr, [rehearsalSummary(rehearsal, styleFor(process.stderr))]);
}

/** Undefined of a directory, which has no classes: who reads one needs no SDK. */
function storedStateOf(
  store: Store,
  { id, manifest, signal }: Pick<RestoreDependencies, 'manifest' | 'signal'> & Pick<RestoreRequest, 'id'>,
): RestoreDependencies['storedState'] {
  if (!store.url.startsWith('s3:')) return undefined;
  return async () => {
    const { storedState } = await import('../core/inventory/stored-state.ts');
    return await storedState(store, id, manifest, { signal });
  };
}

/** A dump is a program: its functions, triggers, checks and views run while it is restored, as whoever restores. */
function whoseRights(target: ConnectionParameters): string {
  return `what the backup holds (functions, triggers, checks) runs on ${describeServer(target)} with the rights of the role ${target.user}`;
}

async function printGlobals(store: Store, text: string, flags: RestoreFlags): Promise<void> {
  await interruptible(nothingChanged, async (signal) => {
    const chosen = await chooseBackup(store, text, { ...latestFrom(flags), signal });
    const { id, manifest } = chosen;
    const of = { text, id: formatId(id), storeUrl: store.url, ...flags };
    tell(process.stderr, choiceLines(chosen, of, styleFor(process.stderr)));
    const sql = await fetchGlobals(manifest, { store, id, signal });
    if (sql === undefined) {
      throw new UsageError({
        what: 'This backup holds no roles',
        got: formatId(id),
        fix: 'Leave --globals out.',
      });
    }
    // As stored: the encoding of names is the one that the file itself declares.
    printSource(sql);
  });
}
