import type { Manifest } from '../../manifest/manifest.ts';
import { dependentsOf, type Toc, type TocEntry } from './toc.ts';

/** What a partial backup holds and cannot be restored, because it needs what was left out on purpose. */
export type Unmet = {
  /** Not to be restored: with all that needs them. Empty where there is no table of contents. */
  readonly entries: readonly TocEntry[];
  /** For people, one line each: `constraint orders_user_fkey on table public.orders, which needs table public.users`. */
  readonly names: readonly string[];
};

export function unmetEntries({ leftOut }: Pick<Manifest, 'leftOut'>, toc: Toc | undefined): Unmet {
  const dependents = leftOut?.dependents ?? [];
  const names = dependents.map(({ name, needs }) => `${name}, which needs ${needs}`);
  if (toc === undefined || dependents.length === 0) return { entries: [], names };
  const made = new Set(dependents.flatMap(({ object, part }) => (part === 'attach' ? [] : [object])));
  const attached = new Set(dependents.flatMap(({ object, part }) => (part === 'attach' ? [object] : [])));
  const idOf = new Map(toc.entries.map(({ object, dumpId }) => [object, dumpId]));
  const partitions = new Set([...attached].map((object) => idOf.get(object)));
  const roots = toc.entries.filter(
    ({ object, type, dependsOn }) =>
      (object !== undefined && made.has(object)) ||
      (isAttaching(type) && dependsOn.some((id) => partitions.has(id))),
  );
  const ids = new Set(roots.map(({ dumpId }) => dumpId));
  const all = dependentsOf(toc, ids);
  // Views of views: what is by itself and goes with them. An index, a comment or a default says nothing more than its table.
  const along = toc.entries
    .filter(({ dumpId, type }) => all.has(dumpId) && !ids.has(dumpId) && ofThemselves.has(type))
    .map(({ type, label }) => `${type.toLowerCase()} ${label}, which needs one of these`);
  return {
    entries: toc.entries.filter(({ dumpId }) => ids.has(dumpId) || all.has(dumpId)),
    names: [...names, ...along],
  };
}

const ofThemselves: ReadonlySet<string> = new Set([
  'TABLE',
  'FOREIGN TABLE',
  'VIEW',
  'MATERIALIZED VIEW',
  'FUNCTION',
  'PROCEDURE',
  'AGGREGATE',
  'TYPE',
  'DOMAIN',
  'FK CONSTRAINT',
]);

function isAttaching(type: string): boolean {
  return type === 'TABLE ATTACH' || type === 'INDEX ATTACH';
}
