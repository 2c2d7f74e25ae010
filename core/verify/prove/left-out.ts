import { afterSchema, asListed, beginsWithName, isLabelOf } from '../../postgres/archive/entry-label.ts';
import type { TocEntry } from '../../postgres/archive/toc.ts';
import { oneLine } from '../../text/one-line.ts';

/** What could not be restored here for want of something, with all that depends on it. */
export type LeftOut = {
  readonly entries: readonly TocEntry[];
  /** Whether an object may be missing, or be otherwise, because of it: by the server's identity, `i on public.t`. */
  readonly mayHold: (identity: string) => boolean;
  readonly isTable: (table: { readonly schema: string; readonly name: string }) => boolean;
};

export function leftOutOf(entries: readonly TocEntry[]): LeftOut {
  const tables = entries.filter(({ type }) => type === 'TABLE' || type === 'TABLE DATA');
  return {
    entries,
    mayHold: (text) => {
      const identity = identityIn(text);
      return entries.some((entry) => isOf(entry, identity));
    },
    isTable: (table) => tables.some(({ label }) => isLabelOf(label, table)),
  };
}

/** `public.users`, `users_key on public.users`, `public.users.id`, `public.f(pg_catalog.text)`, `hstore`. */
type Identity = {
  /** Of what belongs to a table: a constraint, a trigger, a policy, a rule. */
  readonly own: string | undefined;
  readonly path: readonly string[];
};

/** As pg_identify_object writes it: parts quoted where they must be, arguments in brackets. */
function identityIn(text: string): Identity {
  const [, own, of] = /^((?:"(?:[^"]|"")*"|[^\s"])+) on ((?:"(?:[^"]|"")*"|[^\s"(])+)$/.exec(text) ?? [];
  return { own: own === undefined ? undefined : unquoted(own), path: pathIn(of ?? text) };
}

function pathIn(text: string): string[] {
  const parts: string[] = [];
  const part = /"((?:[^"]|"")*)"|([^".(]+)/y;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    parts.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (text[part.lastIndex] !== '.') break;
    part.lastIndex += 1;
  }
  return parts;
}

function unquoted(name: string): string {
  return /^".*"$/s.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** Their label has another object's kind in front of its name: `public TABLE users`, `public COLUMN users.id`. */
const remarks: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'STATISTICS DATA']);

/** Their labels have a table in front of their own name: `public users users_key`. */
const ofTables: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'FK CONSTRAINT',
  'CHECK CONSTRAINT',
  'DEFAULT',
  'TRIGGER',
  'RULE',
  'POLICY',
]);

function isOf({ type, label }: TocEntry, { own, path }: Identity): boolean {
  const [first = '', second] = path;
  const schema = second === undefined ? '-' : first;
  const name = second ?? first;
  const rest = afterSchema(label, schema);
  if (rest === undefined) return false;
  if (remarks.has(type)) {
    const target = unquotedParts(rest.replace(/^[A-Z]+(?: [A-Z]+)* /, ''));
    return beginsWithName(target, name) || target.startsWith(`${asListed(name)}.`);
  }
  if (!ofTables.has(type)) return beginsWithName(rest, name);
  // An index of a constraint is called as the constraint is.
  if (own === undefined && rest.includes(` ${asListed(name)} `)) return true;
  if (!beginsWithName(rest, name)) return false;
  // A table's definition tells of its defaults, and of none of the others.
  if (own === undefined) return type === 'DEFAULT';
  return beginsWithName(rest.slice(asListed(name).length + 1), own);
}

/** pg_dump quotes names in the labels of remarks. */
function unquotedParts(text: string): string {
  return text.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));
}

const shownEntries = 5;

/** `left out: extension vector and 3 objects that need it: table public.embeddings, …` */
export function describeLeftOut(missing: readonly string[], entries: readonly TocEntry[]): string {
  const dependents = entries.filter(
    ({ type, label }) => type !== 'EXTENSION' && !label.startsWith('- EXTENSION '),
  );
  const what = `left out: ${missing.join(', ')}`;
  if (dependents.length === 0) return what;
  const shown = dependents
    .slice(0, shownEntries)
    .map(({ type, label }) => oneLine(`${type.toLowerCase()} ${label}`));
  const more = dependents.length - shownEntries;
  const rest = more > 0 ? `, and ${more} more` : '';
  const count = `${dependents.length} ${dependents.length === 1 ? 'object' : 'objects'}`;
  return `${what} and ${count} that need ${missing.length === 1 ? 'it' : 'them'}: ${shown.join(', ')}${rest}`;
}
