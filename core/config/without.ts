import * as z from 'zod';
import { UsageError } from '../errors.ts';
import { checkedBy } from './checked-by.ts';

/**
 * What is accepted not to be had where a backup is verified: an entry of an archive, by type and name; a locale or a
 * library of the machine.
 */
export type Without = {
  /** As it was written. */
  readonly text: string;
  /** pg_dump's word: `MATERIALIZED VIEW`; `LOCALE`, `LIBRARY`. */
  readonly type: string;
  /** Undefined: in whatever schema. */
  readonly schema: string | undefined;
  readonly name: string;
};

/** What can lack a server, a file or a library, and what depends on such; pg_dump's words (pg_dump.c, ARCHIVE_OPTS). */
const types = [
  'access method',
  'aggregate',
  'cast',
  'collation',
  'constraint',
  'database properties',
  'domain',
  'event trigger',
  'extension',
  'foreign data wrapper',
  'foreign table',
  'function',
  'index',
  'materialized view',
  'operator',
  'operator class',
  'operator family',
  'procedural language',
  'procedure',
  'schema',
  'sequence',
  'server',
  'table',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
  'transform',
  'trigger',
  'type',
  'user mapping',
  'view',
];

const part = '"(?:[^"]|"")+"|[^\\s".]+';
/** What the machine has, not the archive: their names are one part, `de_DE.UTF-8`, `$libdir/plugins/audit`. */
const ofMachine = /^(locale|library) ("(?:[^"]|"")+"|[^\s"]+)$/s;
const spec = new RegExp(`^(${types.join('|')}) (?:(${part})\\.)?(${part})$`, 's');

/** The other way round: what `parseWithout` reads as that. */
export function writeWithout(type: string, name: string, schema?: string): string {
  const word = type.toLowerCase();
  const isOne = word === 'locale' || word === 'library';
  const quoteIfOdd = (text: string): string =>
    (isOne ? /^[^\s"]+$/ : /^[^\s".]+$/).test(text) ? text : `"${text.replaceAll('"', '""')}"`;
  return `${word} ${[schema, name].flatMap((text) => (text === undefined ? [] : [quoteIfOdd(text)])).join('.')}`;
}

/**
 * Reads `extension aws_commons`, `materialized view crm.mirror`; a name with spaces, dots or quotes in double quotes, as in
 * SQL.
 * @throws UsageError
 */
export function parseWithout(text: string): Without {
  const [, kind, one] = ofMachine.exec(text) ?? [];
  if (kind !== undefined && one !== undefined)
    return { text, type: kind.toUpperCase(), schema: undefined, name: unquoted(one) };
  const [, type, schema, name] = spec.exec(text) ?? [];
  if (type === undefined || name === undefined) {
    throw new UsageError({
      what: 'That does not name what a verification may go without',
      got: JSON.stringify(text),
      expected:
        'TYPE NAME or TYPE SCHEMA.NAME, such as "extension aws_commons", "materialized view crm.mirror", "locale de_DE.UTF-8"',
      fix: "Name it as the verdict does; TYPE is pg_dump's word in lower case, odd names are quoted as in SQL.",
    });
  }
  return {
    text,
    type: type.toUpperCase(),
    schema: schema === undefined ? undefined : unquoted(schema),
    name: unquoted(name),
  };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

export const withoutSchema = z.array(checkedBy(parseWithout, z.string().min(1)));
