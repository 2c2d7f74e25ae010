import { writeWithout } from '../../config/without.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { extensionName } from '../../postgres/archive/entry-label.ts';
import type { Toc, TocEntry } from '../../postgres/archive/toc.ts';
import type { PgRestoreResult, RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { rowsLost } from './accepted.ts';
import type { PreparedDatabase } from './prepare-database.ts';
import { type Restored, summarize } from './restored.ts';

/**
 * What would have to be accepted for everything that lacked to be accepted, as `--without` takes it; undefined where
 * something that lacked has no such name. Whether it is enough is for the caller to try.
 */
function acceptableIn(
  problems: readonly RestoreProblem[],
  { missing, locale, money }: PreparedDatabase,
  { entries }: Toc,
): string[] | undefined {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const lacking = problems.filter(({ fault, causes }) => fault === 'environment' && causes === undefined);
  const specs = [
    ...missing.names.map((name) => writeWithout('EXTENSION', name)),
    ...(money === undefined ? [] : [writeWithout('LOCALE', money.locale)]),
    ...(locale === undefined ? [] : [ofMachine(locale.lacking)]),
    ...lacking.map((problem) => ofMachine(problem.lacking) ?? ofEntry(byId.get(problem.entry?.dumpId ?? -1))),
  ];
  return specs.some((spec) => spec === undefined)
    ? undefined
    : [...new Set(specs.flatMap((spec) => spec ?? []))];
}

function ofMachine(lacking: RestoreProblem['lacking']): string | undefined {
  return lacking && writeWithout(lacking.kind, lacking.name);
}

/** The refresh of a materialized view is lost with it. */
function ofEntry(entry: TocEntry | undefined): string | undefined {
  if (entry === undefined) return undefined;
  if (entry.type === 'EXTENSION') return writeWithout('EXTENSION', extensionName(entry));
  // Schema, name and owner are not to be told apart where one of them has a space.
  const [schema, name, _owner, ...rest] = entry.label.split(' ');
  if (schema === undefined || name === undefined || rest.length > 0) return undefined;
  const type = entry.type.replace(/ DATA$/, '');
  return writeWithout(type, name, schema === '-' ? undefined : schema);
}

/** With what would have to be accepted, where accepting it is enough. */
export function summarizeWithAdvice(
  { tables }: Manifest,
  result: PgRestoreResult,
  prepared: PreparedDatabase,
  toc: Toc | undefined,
  specs: readonly string[],
): ReturnType<typeof summarize> & Pick<Restored, 'acceptable'> {
  const found = summarize(result, prepared, toc, specs);
  if (toc === undefined || found.limits.length === 0 || !found.isComparable) return found;
  const more = acceptableIn(result.problems, prepared, toc);
  if (more === undefined) return found;
  const acceptable = [...new Set([...specs, ...more])];
  const accepted = summarize(result, prepared, toc, acceptable);
  const isEnough = accepted.limits.length === 0 && rowsLost(tables, accepted) === undefined;
  return isEnough ? { ...found, acceptable } : found;
}
