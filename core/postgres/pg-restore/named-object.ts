import { beginsWithName, isLabelOf, type ObjectName, restsOf, schemasIn } from '../archive/entry-label.ts';
import type { Toc, TocEntry } from '../archive/toc.ts';

/** What a message misses. */
export type MissedObject = {
  /** The server's word: `relation`, `type`; undefined where it said none that we know. */
  readonly kind: string | undefined;
  /** Every way to read it: in `relation "a.b" does not exist` the dot may be part of the name. */
  readonly names: readonly ObjectName[];
};

/** Types of entries that bring what the server calls so. A table's rows or grants do not bring the table. */
const bringers: Readonly<Record<string, readonly string[]>> = {
  relation: ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'FOREIGN TABLE', 'INDEX'],
  table: ['TABLE', 'FOREIGN TABLE'],
  type: ['TYPE', 'SHELL TYPE', 'DOMAIN', 'TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE'],
  function: ['FUNCTION', 'PROCEDURE', 'AGGREGATE'],
  procedure: ['FUNCTION', 'PROCEDURE', 'AGGREGATE'],
  aggregate: ['FUNCTION', 'PROCEDURE', 'AGGREGATE'],
  routine: ['FUNCTION', 'PROCEDURE', 'AGGREGATE'],
  schema: ['SCHEMA'],
  operator: ['OPERATOR'],
  'operator class': ['OPERATOR CLASS'],
  'operator family': ['OPERATOR FAMILY'],
  collation: ['COLLATION'],
  conversion: ['CONVERSION'],
  index: ['INDEX'],
  view: ['VIEW'],
  sequence: ['SEQUENCE'],
  server: ['SERVER', 'FOREIGN SERVER'],
  'foreign-data wrapper': ['FOREIGN DATA WRAPPER'],
  'access method': ['ACCESS METHOD'],
  language: ['PROCEDURAL LANGUAGE', 'LANGUAGE'],
  publication: ['PUBLICATION'],
  'text search configuration': ['TEXT SEARCH CONFIGURATION'],
  'text search dictionary': ['TEXT SEARCH DICTIONARY'],
  'text search parser': ['TEXT SEARCH PARSER'],
  'text search template': ['TEXT SEARCH TEMPLATE'],
};

/** What stands among others and brings nothing: of all other types one may be what was missed. */
const belongings: ReadonlySet<string> = new Set([
  'TABLE DATA',
  'SEQUENCE SET',
  'MATERIALIZED VIEW DATA',
  'ACL',
  'COMMENT',
  'SECURITY LABEL',
  'DEFAULT',
  'SEQUENCE OWNED BY',
  'STATISTICS DATA',
]);

const called = /^(function|procedure|aggregate|routine) (.+)\(.*\) does not exist/s;
const quoted = new RegExp(
  `^(${Object.keys(bringers).join('|')}) "(.+?)"(?: for access method ".+?")? does not exist`,
  's',
);

/** Read from the server's reason: `relation "public.t" does not exist`, `function public.f(text) does not exist`. */
export function missedObject(reason: string): MissedObject | undefined {
  const [, kind, name] = called.exec(reason) ?? quoted.exec(reason) ?? [];
  if (name !== undefined) return { kind, names: readings(name) };
  const [, operands] = /^operator does not exist: (.+)$/s.exec(reason) ?? [];
  const [, operator] = /(?:^|[\s.])([-+*/<>=~!@#%^&|`?]+)(?:\s|$)/.exec(operands ?? '') ?? [];
  if (operator !== undefined) return { kind: 'operator', names: [{ name: operator }] };
  const [, other] = /"((?:[^"]|"")+)"(?: of relation ".+")? does not exist/s.exec(reason) ?? [];
  return other === undefined ? undefined : { kind: undefined, names: readings(other) };
}

/** Neither part is quoted in a message, so a dot may be of either. */
function readings(name: string): ObjectName[] {
  const found: ObjectName[] = [{ name }];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
    found.push({ schema: name.slice(0, dot), name: name.slice(dot + 1) });
  return found;
}

/** Whether one of these entries brings such an object. @param toc whose schemas' names may have spaces */
export function bringsIn(entries: readonly TocEntry[], toc: Toc): (missed: MissedObject) => boolean {
  const schemas = schemasIn(toc);
  const known = new Map<string, boolean>();
  return (missed) => {
    const key = JSON.stringify(missed);
    const answer = known.get(key) ?? entries.some((entry) => brings(entry, missed, schemas));
    known.set(key, answer);
    return answer;
  };
}

function brings(
  { type, label }: TocEntry,
  { kind, names }: MissedObject,
  schemas: readonly string[],
): boolean {
  const wanted = kind === undefined ? undefined : bringers[kind];
  if (wanted === undefined ? belongings.has(type) : !wanted.includes(type)) return false;
  return names.some((name) =>
    name.schema === undefined
      ? restsOf(label, schemas).some((rest) => beginsWithName(rest, name.name))
      : isLabelOf(label, name),
  );
}
