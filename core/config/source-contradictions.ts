import * as z from 'zod';
import { levelChoices, mayRestore } from '../vocabulary.ts';
import type { Contradiction } from './contradiction.ts';
import { contradictingPattern } from './table-selection.ts';

/** What of a configuration may be anything: these readers take whatever is there, so that all is told together. */
export const anything = z.unknown().optional();
export const looseName = z.string().optional().catch(undefined);

const looseSchedule = z.object({
  name: looseName,
  timeZone: anything,
  format: anything,
  jobs: anything,
  rows: anything,
  databases: anything,
  excludeDatabases: anything,
  schemas: anything,
  excludeSchemas: anything,
});

/** A source as far as it can be read: what contradicts itself in every configuration. */
export const looseSourceKeys = {
  name: looseName,
  host: anything,
  port: anything,
  databases: anything,
  excludeDatabases: anything,
  schemas: anything,
  excludeSchemas: anything,
  checks: anything,
  fingerprint: anything,
  schedules: z.array(looseSchedule.catch({})).catch([]),
};

type Source = z.infer<z.ZodObject<typeof looseSourceKeys>>;

/** The indices of names that an earlier entry has already. @param same what two names are compared by */
export function repeated(
  entries: readonly { readonly name?: string | undefined }[],
  same: (name: string) => string = (name) => name,
): number[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name }, index) => {
    if (name === undefined) return [];
    if (seen.has(same(name))) return [index];
    seen.add(same(name));
    return [];
  });
}

/** What contradicts itself in a source, its schedules too, however one logs in. */
export function ofSourceAlone(source: Source, index: number): Contradiction[] {
  const path = ['sources', index] as const;
  return [
    ...bothLists(path, source),
    ...samePattern(path, source),
    ...repeated(source.schedules).map((position) => ({
      path: [...path, 'schedules', position, 'name'],
      expected: 'a name that no other schedule of this source has',
      fix: 'Choose another name.',
    })),
    ...source.schedules.flatMap((schedule, position) =>
      ofSchedule(source, [...path, 'schedules', position], schedule),
    ),
  ];
}

function bothLists(
  path: Contradiction['path'],
  entry: { readonly databases?: unknown; readonly excludeDatabases?: unknown },
): Contradiction[] {
  if (entry.databases === undefined || entry.excludeDatabases === undefined) return [];
  return [
    {
      path: [...path, 'excludeDatabases'],
      expected: 'either databases or excludeDatabases',
      fix: 'Remove one of the two.',
    },
  ];
}

type Schemas = { readonly schemas?: unknown; readonly excludeSchemas?: unknown };

/** Where a schedule says neither, what the source says is told there. */
function asScheduled(source: Schemas, entry: Schemas): Schemas {
  if (entry.schemas === undefined && entry.excludeSchemas === undefined) return {};
  const { schemas = source.schemas, excludeSchemas = source.excludeSchemas } = entry;
  return { schemas, excludeSchemas };
}

function samePattern(path: Contradiction['path'], { schemas, excludeSchemas }: Schemas): Contradiction[] {
  if (!Array.isArray(schemas) || !Array.isArray(excludeSchemas)) return [];
  const same = contradictingPattern({ schemas, excludeSchemas });
  if (same === undefined) return [];
  return [
    {
      path: [...path, 'excludeSchemas'],
      expected: `none that is in schemas too: ${JSON.stringify(same)}`,
      fix: 'Remove it from one of the two.',
    },
  ];
}

function ofSchedule(
  source: Source,
  path: Contradiction['path'],
  entry: Source['schedules'][number],
): Contradiction[] {
  const found: Contradiction[] = [];
  if (source.fingerprint === true && entry.rows === 'none') {
    found.push({
      path: [...path, 'rows'],
      expected: 'exact, with fingerprint',
      fix: 'Fingerprints are taken while rows are counted: remove one of the two.',
    });
  }
  found.push(...bothLists(path, entry), ...samePattern(path, asScheduled(source, entry)));
  if (typeof entry.jobs === 'number' && entry.jobs > 1 && entry.format !== 'directory') {
    found.push({
      path: [...path, 'jobs'],
      expected: '1, or format directory',
      fix: 'Only the directory format can be written by several workers: set "format": "directory".',
    });
  }
  return found;
}

/** Checks are asked of a restored database, and only there anything can lack; some levels restore none. */
export function ofLevel({
  sources,
  verify,
}: {
  readonly sources: readonly { readonly checks?: unknown }[];
  readonly verify: { readonly level?: unknown; readonly without?: readonly unknown[] | undefined };
}): Contradiction[] {
  const level = [...levelChoices, 'none'].find((one) => one === verify.level);
  if (level === undefined || levelChoices.some((one) => one === level && mayRestore(one))) return [];
  const needsRestore = (path: Contradiction['path'], why: string): Contradiction => ({
    path,
    expected: `none with verify.level ${level}: ${why}`,
    fix: 'Set verify.level to auto or restore, or remove them.',
  });
  const { without = [] } = verify;
  return [
    ...(without.length === 0 ? [] : [needsRestore(['verify', 'without'], 'nothing is restored')]),
    ...sources.flatMap(({ checks }, index) =>
      checks === undefined
        ? []
        : [needsRestore(['sources', index, 'checks'], 'they are asked of a restored database')],
    ),
  ];
}
