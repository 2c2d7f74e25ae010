import { asListed } from '../postgres/archive/entry-label.ts';
import { parseTableSelector } from '../postgres/names.ts';
import type { TableSelector } from './request.ts';

/** A name of an object of an archive, as its table of contents lists it: line breaks are blanks. */
export type ListedName = { readonly schema: string; readonly name: string };

/**
 * What `--table` and its like were given: `orders`, `sales.ord*`, `"Odd Name"`, `*.orders_202[0-9]`. With a pattern
 * where the words may be one; what has none is a name.
 *
 * @returns undefined where it can be neither
 */
export function readTableSelector(text: string): TableSelector | undefined {
  const exact = parseTableSelector(text);
  const isPattern = parsePattern(text) !== undefined;
  if (exact === undefined) return isPattern ? { schema: undefined, name: text, pattern: text } : undefined;
  return isPattern ? { ...exact, pattern: text } : exact;
}

/** Whether `--schema` and its like may be given that. */
export function isSchemaSelector(text: string): boolean {
  return text !== '' && !text.includes('\0');
}

/**
 * Those that a selector means. A name that is there as it is written wins over a pattern that it may also be. A pattern is
 * read as psql reads it, where capital letters without quotes are small ones; where nothing is called so, as it is written.
 */
export function matchingTables<T extends ListedName>(all: readonly T[], wanted: TableSelector): T[] {
  const { schema, name, pattern } = wanted;
  const listedSchema = schema === undefined ? undefined : asListed(schema);
  const listed = asListed(name);
  const exact = all.filter(
    (one) => one.name === listed && (listedSchema === undefined || one.schema === listedSchema),
  );
  if (exact.length > 0 || pattern === undefined) return exact;
  const whole = all.filter((one) => one.name === asListed(pattern));
  if (whole.length > 0) return whole;
  const parsed = parsePattern(pattern);
  if (parsed === undefined) return [];
  for (const way of ['folded', 'written'] as const) {
    const found = all.filter(
      (one) =>
        parsed.name[way].test(one.name) &&
        (parsed.schema === undefined || parsed.schema[way].test(one.schema)),
    );
    if (found.length > 0) return found;
  }
  return [];
}

/** The schemas that a selector means, likewise; a dot is a part of the name. */
export function matchingSchemas(all: readonly string[], wanted: string): string[] {
  const exact = all.filter((name) => name === asListed(wanted));
  if (exact.length > 0) return exact;
  const parsed = parsePattern(wanted);
  if (parsed === undefined || parsed.schema !== undefined) return [];
  for (const way of ['folded', 'written'] as const) {
    const found = all.filter((name) => parsed.name[way].test(name));
    if (found.length > 0) return found;
  }
  return [];
}

type PatternPart = { readonly folded: RegExp; readonly written: RegExp };
type Pattern = { readonly schema: PatternPart | undefined; readonly name: PatternPart };

/**
 * A pattern of psql's and pg_dump's (processSQLNamePattern in fe_utils/string_utils.c): `*` any characters, `?` any one,
 * `[a-z]` and the other signs of regular expressions as there, a dot between schema and name, double quotes around what is
 * meant as it is written.
 *
 * @returns undefined where it is none: quotes or brackets that do not close, more than one dot
 */
export function parsePattern(asked: string): Pattern | undefined {
  const text = asListed(asked);
  const parts: { folded: string; written: string }[] = [{ folded: '', written: '' }];
  let isQuoted = false;
  let isClass = false;
  for (let at = 0; at < text.length; ) {
    const sign = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const part = parts.at(-1);
    if (part === undefined) return undefined;
    const add = (folded: string, written = folded): void => {
      part.folded += folded;
      part.written += written;
    };
    at += sign.length;
    if (sign === '"') {
      if (isQuoted && text[at] === '"') {
        add('"');
        at += 1;
      } else isQuoted = !isQuoted;
    } else if (isQuoted) add(escaped(sign));
    else if (isClass) {
      const posix = /^\[:(\w+):\]/.exec(text.slice(at - 1));
      if (posix !== null) {
        const known = posixClasses[posix[1] ?? ''];
        if (known === undefined) return undefined;
        add(known);
        at += posix[0].length - 1;
      } else {
        if (sign === ']') isClass = false;
        add(
          sign === '[' || sign === '\\' ? `\\${sign}` : sign.toLowerCase(),
          sign === '[' || sign === '\\' ? `\\${sign}` : sign,
        );
      }
    } else if (sign === '.') parts.push({ folded: '', written: '' });
    else if (sign === '*') add('.*');
    else if (sign === '?') add('.');
    else if (sign === '[') {
      isClass = true;
      add('[');
    } else if (/[|+(){}^]/.test(sign)) add(sign);
    else add(escaped(sign.toLowerCase()), escaped(sign));
  }
  const [first, second, ...more] = parts.map(compiled);
  if (isQuoted || isClass || more.length > 0 || first === undefined) return undefined;
  if (parts.some(({ written }) => written === '')) return undefined;
  return parts.length === 1 ? { schema: undefined, name: first } : second && { schema: first, name: second };
}

const posixClasses: Readonly<Record<string, string>> = {
  alpha: '\\p{L}',
  digit: '\\p{Nd}',
  alnum: '\\p{L}\\p{Nd}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
};

function escaped(sign: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(sign) ? `\\${sign}` : sign;
}

function compiled({
  folded,
  written,
}: {
  readonly folded: string;
  readonly written: string;
}): PatternPart | undefined {
  try {
    return { folded: new RegExp(`^(?:${folded})$`, 'su'), written: new RegExp(`^(?:${written})$`, 'su') };
  } catch {
    return undefined;
  }
}
